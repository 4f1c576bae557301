import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, normalize, resolve, sep } from 'node:path';
import { MoatError } from '../contract/errors.ts';
import { decodeModel, type OnnxModel } from '../tensor/onnx/proto.ts';
import { foreignFileKind, HEAD_BYTES } from './file-kind.ts';
import { externalFiles } from './graph.ts';

/** An encoder's file, checked and decoded, with the weights it keeps elsewhere. */
export interface EncoderFile {
  readonly path: string;
  readonly model: OnnxModel;
  /** SHA-256 (hex) over the file, then its external-data files in name order. */
  readonly digest: string;
  /** All files together. */
  readonly sizeBytes: number;
}

/** Protocol buffers hold no more; larger networks keep their weights in external-data files. */
const LARGEST_MODEL_BYTES = 2 ** 31 - 1;

/**
 * Reads an ONNX file and makes sure that everything it names is there.
 * @throws MoatError `path-missing`, `encoder-not-onnx`, `encoder-truncated`, `encoder-external-data-missing`
 */
export async function readEncoderFile(path: string): Promise<EncoderFile> {
  const sizeBytes = await checkHead(path);
  const model = decode(await readFile(path), path);
  const external = await checkExternalFiles(path, model);
  return {
    path,
    model,
    digest: await digestOf([path, ...external.map((file) => file.path)]),
    sizeBytes: external.reduce((sum, file) => sum + file.sizeBytes, sizeBytes),
  };
}

async function checkHead(path: string): Promise<number> {
  const status = await statIfPresent(path);
  if (status === undefined) throw new MoatError('path-missing', `There is no file ${path}.`);
  if (status.isDirectory())
    throw new MoatError('encoder-not-onnx', `${path} is a folder; name the .onnx file in it.`);
  const kind = foreignFileKind(await readHead(path));
  if (kind !== undefined)
    throw new MoatError('encoder-not-onnx', `${path} is not an ONNX model: it is ${kind}.`);
  if (status.size > LARGEST_MODEL_BYTES)
    throw new MoatError(
      'encoder-not-onnx',
      `${path} is not an ONNX model: it is larger than 2 GiB, where ONNX keeps weights in separate files.`,
    );
  return status.size;
}

async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function decode(bytes: Uint8Array, path: string): OnnxModel {
  let model: OnnxModel;
  try {
    model = decodeModel(bytes);
  } catch (cause) {
    const truncated = cause instanceof MoatError && cause.code === 'encoder-truncated';
    throw truncated
      ? new MoatError('encoder-truncated', `${path} is cut off: the model ends in the middle.`, { cause })
      : new MoatError('encoder-not-onnx', `${path} is not an ONNX model: its bytes have another structure.`, {
          cause,
        });
  }
  // The operator sets stand behind the graph, so a file cut exactly there still decodes.
  if (model.opsetImport.length === 0)
    throw new MoatError(
      'encoder-truncated',
      `${path} is cut off: the list of operator sets at its end is missing.`,
    );
  if (model.graph.node.length === 0)
    throw new MoatError('encoder-not-onnx', `${path} holds no network: its graph has no operators.`);
  return model;
}

async function checkExternalFiles(
  modelPath: string,
  model: OnnxModel,
): Promise<readonly { readonly path: string; readonly sizeBytes: number }[]> {
  const folder = resolve(dirname(modelPath));
  const found: { path: string; sizeBytes: number }[] = [];
  for (const { location, neededBytes } of externalFiles(model)) {
    const path = resolve(folder, normalize(location));
    const label = `${modelPath} keeps weights in "${location}"`;
    if (location === '' || isAbsolute(location) || !path.startsWith(folder + sep))
      throw new MoatError(
        'encoder-external-data-missing',
        `${label}, which is not in the model's own folder; Moat reads only there.`,
      );
    const status = await statIfPresent(path);
    if (status === undefined)
      throw new MoatError(
        'encoder-external-data-missing',
        `${label}, and there is no such file in ${folder}.`,
      );
    if (status.size < neededBytes)
      throw new MoatError(
        'encoder-truncated',
        `${label}, which is cut off: ${status.size} bytes, ${neededBytes} are needed.`,
      );
    found.push({ path, sizeBytes: status.size });
  }
  return found;
}

async function statIfPresent(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return undefined;
    throw cause;
  }
}

async function digestOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
