import type { Checkpoint, CheckpointSlot } from '../contract/method.ts';

type Tensors = Checkpoint['tensors'];

const TRAINING = 'training/';
const roundPrefix = (round: number): string => `round-${round}/`;

/** One slot for an attack that trains several networks one after another. */
export interface RoundCheckpoint {
  /** Weights of the rounds that had ended when the attack was stopped. */
  readonly finished: readonly Tensors[];
  /** The slot of one round's training; what it saves stands beside the weights of the rounds before. */
  slot(round: number, before: readonly Tensors[]): CheckpointSlot;
}

export async function openRounds(slot: CheckpointSlot): Promise<RoundCheckpoint> {
  const saved = await slot.load();
  const reached = typeof saved?.progress['round'] === 'number' ? saved.progress['round'] : 0;
  return {
    finished: Array.from({ length: reached }, (_, round) =>
      withoutPrefix(saved?.tensors ?? {}, roundPrefix(round)),
    ),
    slot: (round, before) => ({
      async load() {
        const latest = await slot.load();
        if (latest?.progress['round'] !== round) return undefined;
        const { round: _round, ...progress } = latest.progress;
        return { progress, tensors: withoutPrefix(latest.tensors, TRAINING) };
      },
      save: ({ progress, tensors }) =>
        slot.save({
          progress: { ...progress, round },
          tensors: Object.assign(
            {},
            withPrefix(tensors, TRAINING),
            ...before.map((weights, earlier) => withPrefix(weights, roundPrefix(earlier))),
          ) as Tensors,
        }),
    }),
  };
}

function withPrefix(tensors: Tensors, prefix: string): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
}

function withoutPrefix(tensors: Tensors, prefix: string): Tensors {
  return Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
