import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { MoatError } from '../contract/errors.ts';

/**
 * The ONNX files of a folder of independent encoders, by name.
 * @throws MoatError `path-missing`, `usage` for a folder without one
 */
export function zooFiles(folder: string): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new MoatError('path-missing', `There is no folder ${folder}.`);
  const files = readdirSync(folder).filter((name) => /\.onnx$/i.test(name));
  if (files.length === 0) throw new MoatError('usage', `There is no .onnx file in ${folder}.`);
  return files.sort().map((name) => path.join(folder, name));
}
