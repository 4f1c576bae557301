import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { MoatError } from '../../contract/errors.ts';
import { decodeModel } from './proto.ts';

/**
 * What the runtime says when it refuses a model, as an error with a code.
 * The phrases are those of onnxruntime 1.30; one it does not know becomes `encoder-failed` with its text.
 */
export function loadError(source: string | Uint8Array, cause: unknown): MoatError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const file = typeof source === 'string' ? basename(source) : 'The model';
  if (typeof source === 'string' && !existsSync(source))
    return new MoatError('path-missing', `There is no file ${source}.`, { cause });
  if (/protobuf parsing failed/i.test(text)) return unreadable(source, file, cause);
  return (
    externalData(text, file, cause) ??
    unknownOperator(text, file, cause) ??
    new MoatError('encoder-failed', `${file} cannot be loaded: ${oneLine(text)}`, { cause })
  );
}

/** A failing run: wrong shapes, an operator's own complaint, no memory. */
export function runError(cause: unknown): MoatError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new MoatError('encoder-failed', `The model failed to run: ${oneLine(text)}`, { cause });
}

function unreadable(source: string | Uint8Array, file: string, cause: unknown): MoatError {
  try {
    decodeModel(typeof source === 'string' ? readFileSync(source) : source);
  } catch (reason) {
    if (reason instanceof MoatError)
      return reason.code === 'encoder-truncated'
        ? new MoatError('encoder-truncated', `${file} ends in the middle of the model.`, { cause })
        : new MoatError('encoder-not-onnx', `${file} is not an ONNX model.`, { cause });
  }
  return new MoatError('encoder-not-onnx', `${file} is not a valid ONNX model.`, { cause });
}

function externalData(text: string, file: string, cause: unknown): MoatError | undefined {
  const missing = /External data path does not exist: "([^"]+)"/i.exec(text)?.[1];
  if (missing !== undefined)
    return new MoatError(
      'encoder-external-data-missing',
      `${file} keeps its weights in ${basename(missing)}, which is not beside it.`,
      { cause, details: { missing: basename(missing) } },
    );
  const short = /External initializer: (\S+) .*size to read: (\d+) given file_length: (\d+)/.exec(text);
  if (short !== null)
    return new MoatError(
      'encoder-truncated',
      `The weights file of ${file} is too short: "${short[1] ?? ''}" needs ${short[2] ?? '?'} bytes, the file has ${short[3] ?? '?'}.`,
      { cause },
    );
  return undefined;
}

function unknownOperator(text: string, file: string, cause: unknown): MoatError | undefined {
  const opset = /Opset (\d+) is under development.*domain (\S+) is till opset (\d+)/s.exec(text);
  if (opset !== null)
    return new MoatError(
      'encoder-operator-unknown',
      `${file} uses opset ${opset[1] ?? '?'} of ${opset[2] ?? '?'}; this runtime knows opsets up to ${opset[3] ?? '?'}.`,
      { cause },
    );
  const found =
    /In Node, \("[^"]*", (?<op>[^,]+), "(?<domain>[^"]*)".*(?:No Op registered|No opset import)/s.exec(
      text,
    ) ??
    /(?<domain>[\w.]*):(?<op>\w+)\(-?\d+\) is not a registered function\/op/.exec(text) ??
    /Could not find an implementation for (?:(?<domain>[\w.]+):)?(?<op>\w+)\(\d+\)/.exec(text);
  const operator = found?.groups?.['op'];
  if (operator === undefined) return undefined;
  const domain = found?.groups?.['domain'] || 'ai.onnx';
  return new MoatError(
    'encoder-operator-unknown',
    `${file} uses the operator ${operator} (domain ${domain}), which this runtime does not have.`,
    { cause, details: { operator, domain } },
  );
}

function oneLine(text: string): string {
  // Source positions of the runtime's own files say nothing to a user.
  const clean = text
    .replaceAll(/\/onnxruntime_src\/\S+ /g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return clean.length > 300 ? `${clean.slice(0, 300)}...` : clean.endsWith('.') ? clean : `${clean}.`;
}
