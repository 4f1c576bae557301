import { existsSync, readFileSync, rmSync } from 'node:fs';
import { z } from 'zod';
import type { Checkpoint, CheckpointSlot } from '../contract/method.ts';
import { bytesOf, writeFileAtomic } from './files.ts';

/**
 * Checkpoints as files: a JSON header (length in the first 4 bytes, little endian) and the float32 data behind it.
 */
const headerSchema = z.object({
  progress: z.record(z.string(), z.unknown()),
  tensors: z.array(z.object({ name: z.string(), shape: z.array(z.number()), length: z.number() })),
});

/** A slot that survives kill -9: each save replaces the file atomically; `clear` removes it once the cell is done. */
export function fileCheckpointSlot(file: string): CheckpointSlot & { clear(): void } {
  return {
    async load() {
      return existsSync(file) ? decode(readFileSync(file)) : undefined;
    },
    async save(checkpoint) {
      writeFileAtomic(file, encode(checkpoint));
    },
    clear() {
      rmSync(file, { force: true });
    },
  };
}

function encode(checkpoint: Checkpoint): readonly Uint8Array[] {
  const entries = Object.entries(checkpoint.tensors);
  const header = Buffer.from(
    JSON.stringify({
      progress: checkpoint.progress,
      tensors: entries.map(([name, tensor]) => ({ name, shape: tensor.shape, length: tensor.data.length })),
    }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  return [length, header, ...entries.map(([, tensor]) => bytesOf(tensor.data))];
}

function decode(bytes: Buffer): Checkpoint {
  const headerEnd = 4 + bytes.readUInt32LE(0);
  const header = headerSchema.parse(JSON.parse(bytes.toString('utf8', 4, headerEnd)));
  let at = headerEnd;
  const tensors = Object.fromEntries(
    header.tensors.map(({ name, shape, length }) => {
      const data = new Float32Array(length);
      bytesOf(data).set(bytes.subarray(at, at + length * 4));
      at += length * 4;
      return [name, { shape, data }];
    }),
  );
  return { progress: header.progress, tensors };
}
