import type { Checkpoint, CheckpointSlot } from '../contract/method.ts';

/**
 * A part of one slot for each training of an attack that runs two, one after the other. The last state of the first stays while
 * the second goes on: an attack begun again finds its first training done.
 */
export function stageSlot(slot: CheckpointSlot, stage: string): CheckpointSlot {
  const prefix = `${stage}/`;
  return {
    async load() {
      const saved = await slot.load();
      const progress = saved?.progress[stage];
      if (saved === undefined || !isRecord(progress)) return undefined;
      const tensors = tensorsOf(saved, (name) => name.startsWith(prefix), prefix.length);
      return { progress, tensors };
    },
    async save({ progress, tensors }) {
      const saved = await slot.load();
      const others = saved === undefined ? {} : tensorsOf(saved, (name) => !name.startsWith(prefix), 0);
      const own = Object.fromEntries(
        Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]),
      );
      await slot.save({
        progress: { ...saved?.progress, [stage]: progress },
        tensors: { ...others, ...own },
      });
    },
  };
}

function tensorsOf(
  { tensors }: Checkpoint,
  isWanted: (name: string) => boolean,
  cut: number,
): Checkpoint['tensors'] {
  return Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => isWanted(name))
      .map(([name, tensor]) => [name.slice(cut), tensor]),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
