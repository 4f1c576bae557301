import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { HostTensor } from '../../contract/engine.ts';
import { MoatError } from '../../contract/errors.ts';
import type { Binding } from './binding.ts';
import { encodeSavedModel, savedModelTag, type Node } from './graph-def.ts';

/** A graph loaded into TensorFlow. Blocks the calling thread while it runs. */
export interface Session {
  /** @param feeds by endpoint. @param fetches endpoints. @returns the fetched values, in order */
  run(feeds: Readonly<Record<string, HostTensor>>, fetches: readonly string[]): HostTensor[];
  dispose(): void;
}

/** @throws MoatError internal when TensorFlow refuses the graph */
export function openSession(binding: Binding, nodes: readonly Node[], name: string): Session {
  const session = load(binding, nodes, name);
  return {
    run(feeds, fetches) {
      // TensorFlow refuses to fetch nothing; a step without state has none to read or write.
      if (fetches.length === 0) return [];
      const inputs = Object.values(feeds).map(({ shape, data }) =>
        binding.createTensor(shape, data instanceof Int32Array ? binding.TF_INT32 : binding.TF_FLOAT, data),
      );
      try {
        const results = binding.runSavedModel(session, inputs, Object.keys(feeds).join(), fetches.join());
        return results.map(({ id, shape }) => ({ shape, data: takeValues(binding, id) }));
      } finally {
        for (const id of inputs) binding.deleteTensor(id);
      }
    },
    dispose: () => binding.deleteSavedModel(session),
  };
}

/** The binding loads graphs from folders only; the folder is gone when this returns. */
function load(binding: Binding, nodes: readonly Node[], name: string): number {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'moat-graph-'));
  try {
    writeFileSync(path.join(folder, 'saved_model.pb'), encodeSavedModel(nodes));
    return binding.loadSavedModel(folder, savedModelTag);
  } catch (cause) {
    throw new MoatError('internal', `The compiled step "${name}" was refused by TensorFlow.`, { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function takeValues(binding: Binding, id: number): Float32Array | Int32Array {
  try {
    const values = binding.tensorDataSync(id);
    if (values instanceof Float32Array || values instanceof Int32Array) return values;
    // Booleans are numbers at the engine's border.
    return Int32Array.from(values as Uint8Array);
  } finally {
    binding.deleteTensor(id);
  }
}
