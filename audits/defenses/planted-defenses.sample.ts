import { z } from 'zod';
import { type Matrix, matrix } from '../contract/data.ts';
import type { DefenseDefinition, DefenseSession } from '../contract/method.ts';
import { createRng, type Rng } from '../rng.ts';
import { defineDefense } from './define-defense.ts';

/** A small defense that is sound, and others with one fault each: what the checks of the table must find. */

type Reply = DefenseSession['reply'];

const described = {
  meta: {
    id: 'planted',
    version: 1,
    title: 'Planted',
    summary: 'Halves every reply.',
    reference: { authors: 'none', title: 'a fault for a test', venue: 'none', year: 2026 },
    mechanism: 'None: it is for tests.',
    mustFace: ['direct-extraction'],
    stateful: false,
  },
  config: z.object({}),
};

const halved = ({ data, rows, columns }: Matrix): Matrix =>
  matrix(
    data.map((value) => value / 2),
    rows,
    columns,
  );

export const soundDefense = (): DefenseDefinition => defenseOf(() => halved);

/** Marks every reply by a direction of its key, and finds it again; then the same with a fault in the verifier. */
export const markedDefense = (): DefenseDefinition => markedBy((found) => found);

/** Each with what the checks say of it. */
export const plantedVerifiers: readonly {
  readonly fault: string;
  readonly plant: () => DefenseDefinition;
  readonly complaint: RegExp;
}[] = [
  {
    fault: 'always finds its mark',
    plant: () => markedBy(() => 1),
    complaint: /finds 1 of its mark in clean embeddings.*under another key/,
  },
  {
    fault: 'misses half of it',
    plant: () => markedBy((found) => found / 2),
    complaint: /finds 0\.(5|49)\d* of its mark in its own replies/,
  },
  {
    fault: 'writes into the suspect',
    plant: () =>
      markedBy((found, suspect) => {
        suspect.data[0] = (suspect.data[0] ?? 0) + 1;
        return found;
      }),
    complaint: /changes the suspect/,
  },
];

function markedBy(told: (found: number, suspect: Matrix) => number): DefenseDefinition {
  const shift = (rng: Rng, columns: number): Float64Array => {
    const stream = rng.derive('shift');
    return Float64Array.from({ length: columns }, () => stream.normal());
  };
  return defineDefense({
    ...described,
    openSession: ({ provider, rng }) => {
      const added = shift(rng, provider.embeddings.columns);
      return {
        reply: ({ data, rows, columns }) =>
          matrix(
            data.map((value, at) => value + (added[at % columns] ?? 0)),
            rows,
            columns,
          ),
      };
    },
    verify(suspect, { provider, rng }) {
      const added = shift(rng, suspect.columns);
      const square = added.reduce((sum, value) => sum + value * value, 0) * suspect.rows;
      const along = suspect.data.reduce(
        (sum, value, at) =>
          sum + (value - (provider.embeddings.data[at] ?? 0)) * (added[at % added.length] ?? 0),
        0,
      );
      return told(along / square, suspect);
    },
  });
}

/** Each with what the checks say of it. */
export const plantedDefenses: readonly {
  readonly fault: string;
  readonly plant: () => DefenseDefinition;
  readonly complaint: RegExp;
}[] = [
  {
    fault: 'mixes the rows of a batch',
    plant: () =>
      defenseOf(() => ({ data, rows, columns }) => {
        const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
        return matrix(
          data.map((value) => value - mean),
          rows,
          columns,
        );
      }),
    complaint: /answers row 0 otherwise in a batch than alone/,
  },
  {
    fault: 'keeps one state for all accounts',
    plant() {
      let asked = 0;
      return defenseOf(() => (embeddings) => {
        const replies = halved(embeddings);
        for (let row = 0; row < replies.rows; row++) {
          replies.data[row * replies.columns] = asked;
          asked += 1;
        }
        return replies;
      });
    },
    complaint: /answers an account otherwise after another account has asked/,
  },
  {
    fault: 'draws from a stream that no key began',
    plant() {
      let sessions = 0;
      return defenseOf(() => {
        const rng = createRng(`session ${sessions++}`);
        return ({ data, rows, columns }) =>
          matrix(
            data.map((value) => value + rng.normal()),
            rows,
            columns,
          );
      });
    },
    complaint: /answers the same session otherwise a second time/,
  },
  {
    fault: 'gives an account replies of its own though it is said to have no state',
    plant: () =>
      defenseOf(({ account }) => (embeddings) => {
        const replies = halved(embeddings);
        replies.data[0] = account;
        return replies;
      }),
    complaint: /answers two accounts differently/,
  },
  {
    fault: 'hands out the clean embeddings themselves',
    plant: () => defenseOf(() => (embeddings) => embeddings),
    complaint: /returned the memory of the clean embeddings/,
  },
  {
    fault: 'answers every call in the same memory',
    plant: () =>
      defenseOf(() => {
        const memory = new Float32Array(4096);
        return ({ data, rows, columns }) => {
          memory.set(data);
          return matrix(memory.subarray(0, data.length), rows, columns);
        };
      }),
    complaint: /writes into a reply it gave before/,
  },
  {
    fault: 'writes into the clean embeddings',
    plant: () =>
      defenseOf(() => (embeddings) => {
        embeddings.data[0] = (embeddings.data[0] ?? 0) + 1;
        return halved(embeddings);
      }),
    complaint: /changes the clean embeddings/,
  },
  {
    fault: 'answers with another dimension than it promised',
    plant: () =>
      defenseOf(
        () =>
          ({ rows }) =>
            matrix(new Float32Array(rows), rows, 1),
      ),
    complaint: /returned 40 x 1 values where 40 x 6 were promised/,
  },
  {
    fault: 'answers with numbers that are not finite',
    plant: () =>
      defenseOf(
        () =>
          ({ data, rows, columns }) =>
            matrix(
              data.map(() => Number.NaN),
              rows,
              columns,
            ),
      ),
    complaint: /returned a value that is not finite/,
  },
];

function defenseOf(open: (context: { readonly account: number }) => Reply): DefenseDefinition {
  return defineDefense({
    ...described,
    openSession: ({ account }) => ({ reply: open({ account }) }),
  });
}
