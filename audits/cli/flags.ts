import type { Command } from 'commander';
import { MoatError } from '../contract/errors.ts';
import { durationMs, durationPattern } from '../settings/settings.ts';

/** Readers of flag values: text in, typed value out, or one sentence that names the flag. */

/** Values with commas between. A flag that is given again adds to what it said before. */
export function readList(flag: string): (text: string, earlier?: readonly string[]) => readonly string[] {
  return (text, earlier) => {
    const parts = text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
    if (parts.length === 0) throw usage(`${flag} needs at least one value.`);
    return [...(earlier ?? []), ...parts];
  };
}

export function readNumber(flag: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) throw usage(`${flag} takes a number, not "${text}".`);
    return value;
  };
}

/** A whole number not below `least`. */
export function readWhole(flag: string, least = 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text.trim()) || !Number.isSafeInteger(value) || value < least)
      throw usage(`${flag} takes a whole number from ${least}, not "${text}".`);
    return value;
  };
}

/** A time like `90s`, `30m`, `2h`, in milliseconds. */
export function readDuration(flag: string): (text: string) => number {
  return (text) => {
    if (!durationPattern.test(text) || durationMs(text) <= 0)
      throw usage(`${flag} takes a time like 90s, 5m or 2h, not "${text}".`);
    return durationMs(text);
  };
}

/** Whole numbers with commas between: `500,5000`; given again, more of them. */
export function readWholes(flag: string): (text: string, earlier?: readonly number[]) => readonly number[] {
  const read = readWhole(flag);
  return (text, earlier) => [...(earlier ?? []), ...readList(flag)(text).map((part) => read(part))];
}

/** Three numbers with commas between, or one for all channels. */
export function readTriple(flag: string): (text: string) => readonly [number, number, number] {
  return (text) => {
    const [first = Number.NaN, second, third, ...more] = readList(flag)(text).map((part) =>
      readNumber(flag)(part),
    );
    if (second === undefined) return [first, first, first];
    if (third === undefined || more.length > 0)
      throw usage(`${flag} takes one number or three (red, green, blue), not "${text}".`);
    return [first, second, third];
  };
}

/** `NAME=DIR`, collected. */
export function collectTask(
  text: string,
  earlier: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  const name = text.slice(0, at).trim();
  const folder = text.slice(at + 1).trim();
  if (at < 1 || name === '' || folder === '')
    throw usage(`--task takes NAME=FOLDER (cifar10=data/cifar10), not "${text}".`);
  if (earlier !== undefined && Object.hasOwn(earlier, name)) throw usage(`Two tasks are named "${name}".`);
  return { ...earlier, [name]: folder };
}

/** `--plugin FILE`, wherever methods are named; never in `moat.config.json`: code runs when a command line names it. */
export function addPluginOption(command: Command): Command {
  return command.option(
    '--plugin <file>',
    'an attack or a defense of your own (docs/adding-an-attack.md); may be given several times',
    (file: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), file],
  );
}

/** One of a few words; the sentence lists them. */
export function readChoice(flag: string, choices: readonly string[]): (text: string) => string {
  return (text) => {
    if (!choices.includes(text)) throw usage(`${flag} takes ${choices.join(', ')}, not "${text}".`);
    return text;
  };
}

/** `--size --mean --std --layout --range --output --pooling`, wherever an encoder is loaded. */
export function addEncoderOptions(command: Command): Command {
  return command
    .option('--size <pixels>', 'side of the square input', readWhole('--size'))
    .option('--mean <r,g,b>', 'mean per channel', readTriple('--mean'))
    .option('--std <r,g,b>', 'standard deviation per channel', readTriple('--std'))
    .option('--layout <order>', 'nchw or nhwc', readChoice('--layout', ['nchw', 'nhwc']))
    .option(
      '--range <range>',
      'what a pixel value becomes: 0-1, 0-255 or -1-1',
      readChoice('--range', ['0-1', '0-255', '-1-1']),
    )
    .option('--output <name>', 'output of the model that is the embedding')
    .option('--projection <name>', 'output of the model’s projection head, for access-head')
    .option(
      '--pooling <how>',
      'how tokens or feature maps become one vector: none, cls or mean',
      readChoice('--pooling', ['none', 'cls', 'mean']),
    );
}

/** `--engine` and `--device`, wherever something is computed. */
export function addDeviceOptions(command: Command): Command {
  return command
    .option('--engine <name>', 'auto, onnx, tensorflow or reference')
    .option('--device <name>', 'auto, cpu, cuda, webgpu, directml or coreml');
}

/** `--db FILE`; the default is filled in after `moat.config.json` was read. */
export function addDatabaseOption(command: Command): Command {
  return command.option('--db <file>', 'database file (default: moat.db)');
}

export function addJsonOption(command: Command): Command {
  return command.option('--json', 'print one JSON value on stdout, everything else on stderr');
}

/** One example under the help text of a command. */
export function addExample(command: Command, example: string): Command {
  return command.addHelpText('after', `\nExample:\n  $ ${example}`);
}

function usage(message: string): MoatError {
  return new MoatError('usage', message);
}
