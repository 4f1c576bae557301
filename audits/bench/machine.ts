import os from 'node:os';
import process from 'node:process';

/** What a speed depends on besides the program. */
export function describeMachine(): Readonly<Record<string, string | number>> {
  return {
    processor: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    platform: `${process.platform}-${process.arch}`,
  };
}
