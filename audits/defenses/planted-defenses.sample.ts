import { z } from 'zod';
import { type Matrix, matrix } from '../contract/data.ts';
import type { DefenseDefinition, DefenseSession } from '../contract/method.ts';
import { createRng } from '../rng.ts';
import { defineDefense } from './define-defense.ts';

/** A small defense that is sound, and others with one fault each: what the checks of the table must find. */

type Reply = DefenseSession['reply'];

const halved = ({ data, rows, columns }: Matrix): Matrix =>
  matrix(
    data.map((value) => value / 2),
    rows,
    columns,
  );

export const soundDefense = (): DefenseDefinition => defenseOf(() => halved);

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
    openSession: ({ account }) => ({ reply: open({ account }) }),
  });
}
