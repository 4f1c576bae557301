import { existsSync } from 'node:fs';
import path from 'node:path';
import type { LeftOut } from '../report/write-formats.ts';
import { describeFailure } from './failure.ts';

/** What could not be drawn here, and what to do; the files beside it are whole. */
export function leftOutLines(leftOut: readonly LeftOut[], folder: string): readonly string[] {
  return leftOut.map(({ name, error }) => {
    const { message, hint } = describeFailure(error);
    const earlier = existsSync(path.join(folder, name))
      ? ` The ${name} that lies there is an earlier one.`
      : '';
    return `${name} is left out, everything else is written. ${message} ${hint}${earlier}`;
  });
}
