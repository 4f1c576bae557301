import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';

/** A pip that never has the whole wheel, and a compiler that is not reached. Linux. */
export interface StandInPip {
  /** For the process that is to find it. */
  readonly variables: { readonly PATH: string; readonly CXX: string };
  /** Waits until it fetches. @returns its process and the one that it started */
  readonly started: () => Promise<readonly number[]>;
  /** Before it is started again. */
  readonly forget: () => void;
}

export function writeStandInPip(folder: string): StandInPip {
  const pids = path.join(folder, 'pip-pids');
  const variables = writePip(
    folder,
    [
      'for word; do case $word in --dest=*) echo part > "${word#--dest=}/wheel.part"; esac; done',
      'echo part > "$TMPDIR/wheel.part"',
      'sleep 600 &',
      `echo "$$ $!" > '${pids}'`,
      'wait',
    ].join('\n'),
  );
  return {
    variables,
    async started() {
      await expect.poll(() => existsSync(pids) && readFileSync(pids, 'utf8').endsWith('\n')).toBe(true);
      return readFileSync(pids, 'utf8').trim().split(' ').map(Number);
    },
    forget: () => rmSync(pids, { force: true }),
  };
}

/** A pip, and a compiler that does nothing. @param script of a shell, run when something is to be fetched */
export function writePip(folder: string, script: string): StandInPip['variables'] {
  const write = (name: string, lines: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, `#!/bin/sh\n${lines}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  write('python3', `for word; do [ "$word" = --version ] && exit 0; done\n${script}`);
  return {
    PATH: `${folder}${path.delimiter}${process.env['PATH'] ?? ''}`,
    CXX: write('compiler', 'exit 0'),
  };
}
