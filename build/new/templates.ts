/** What `npm run new` writes: methods that run as they are, to be changed into what their author has in mind. */

export interface Template {
  /** Path below `audits/FAMILY/`, and its text. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Line of the registry's list. */
  readonly entry: string;
  /** Row of the table in the family's test. */
  readonly row: string;
}

/** @param id kebab-case, @param name the same in camelCase, @param title the same as a title */
export function attackTemplate(id: string, name: string, title: string): Template {
  return {
    entry: `${name},`,
    row: `{ text: '${id}', rows: 128, unique: 128 },`,
    files: [
      {
        name: `${id}.ts`,
        text: `import { z } from 'zod';
import { selectImages } from '../contract/data.ts';
import { findLoss, lossIds } from '../losses/registry.ts';
import { fitSurrogate } from '../surrogates/fit.ts';
import { affordableImages, collectReplies } from './collect-replies.ts';
import { defineAttack } from './define-attack.ts';

/**
 * TODO: what it does, in a sentence, with its source (authors, year, section, equation).
 *
 * Threat model: TODO: what the attacker knows, holds and may do.
 */
const config = z.object({
  /** TODO: one comment per setting: what it is, its unit, why this default. */
  loss: z.enum(lossIds).default('mse'),
});

/** Share of the attack's time, for progress only: replies mostly come from a cache. */
const QUERY_SHARE = 0.05;

export const ${name} = defineAttack({
  meta: {
    id: '${id}',
    version: 1,
    title: '${title}',
    summary: 'TODO: one sentence for the list of attacks.',
    reference: {
      authors: 'TODO: authors',
      title: 'TODO: title of the source',
      venue: 'TODO: venue',
      year: ${new Date().getFullYear()},
    },
    knowledge: 'Unlabelled images and the replies to them.',
    requires: [],
    training: 'network',
  },
  config,
  trainedImages: (_settings, { budget, surrogate }) => budget * surrogate.epochs,
  async run(context, { loss }) {
    const sent = affordableImages(context);
    const { indices, replies } = await collectReplies(context, sent, (fraction) =>
      context.progress(fraction * QUERY_SHARE, 'querying'),
    );
    // TODO: what this attack does with the replies before it trains, or instead.
    const { surrogate, diagnostics } = await fitSurrogate({
      engine: context.engine,
      settings: context.surrogate,
      dimension: context.oracle.dimension,
      inputs: [selectImages(sent, indices)],
      targets: [replies],
      loss: findLoss(loss),
      lossOptions: {},
      augmentation: 'flip-shift',
      rng: context.rng.derive('surrogate'),
      checkpoint: context.checkpoint,
      signal: context.signal,
      progress: (fraction, stage) => context.progress(QUERY_SHARE + (1 - QUERY_SHARE) * fraction, stage),
      log: (message) => context.log(message),
    });
    return { surrogate, diagnostics: { ...diagnostics, images: indices.length } };
  },
});
`,
      },
      {
        name: `${id}.test.ts`,
        text: `import { expect, test } from 'vitest';
import { parseAttack, spellAttack } from './resolve.ts';
import { ${name} } from './${id}.ts';

/** What must hold of ${id} by theory, on the smallest case that shows it. The table of attacks.test.ts does the rest. */

test('is configured by its settings', () => {
  expect(spellAttack(parseAttack('${id}:loss=mse'))).toBe('${id}');
  expect(() => parseAttack('${id}:loss=none')).toThrow(/loss/);
});

test('trains on its whole budget in every epoch', () => {
  const surrogate = { architecture: 'small-cnn', inputSize: 8, epochs: 3, batchSize: 32 };
  const facts = { budget: 100, accounts: 1, poolImages: 500, surrogate };
  expect(${name}.trainedImages?.(${name}.config.parse({}), facts)).toBe(300);
});

test.todo('steals what it is made to steal: exact recovery on a noiseless victim, say');
`,
      },
    ],
  };
}

/** @param id kebab-case, @param name the same in camelCase, @param title the same as a title */
export function defenseTemplate(id: string, name: string, title: string): Template {
  return {
    entry: `${name},`,
    row: `{ text: '${id}', faces: ['direct-extraction'], sameOnEveryAccount: true, sameOnRepeat: true },`,
    files: [
      {
        name: `${id}.ts`,
        text: `import { z } from 'zod';
import { matrix } from '../contract/data.ts';
import { defineDefense } from './define-defense.ts';

/**
 * TODO: what it does to a reply, as an equation, with its source (authors, year, section).
 *
 * Threat model: TODO: what the attacker knows of it.
 */
const config = z.object({
  /** TODO: one comment per setting: what it is, its unit, why this default. 1 leaves replies as they are. */
  factor: z.number().positive().default(1),
});

export const ${name} = defineDefense({
  meta: {
    id: '${id}',
    version: 1,
    title: '${title}',
    summary: 'TODO: one sentence for the list of defenses.',
    reference: {
      authors: 'TODO: authors',
      title: 'TODO: title of the source',
      venue: 'TODO: venue',
      year: ${new Date().getFullYear()},
    },
    mechanism: 'TODO: one sentence on how it is meant to work.',
    // TODO: the attack that undoes it; without it nobody may call this defense safe.
    mustFace: ['direct-extraction'],
    stateful: false,
  },
  config,
  openSession({ config: { factor } }) {
    return {
      reply: ({ data, rows, columns }) =>
        matrix(
          data.map((value) => value * factor),
          rows,
          columns,
        ),
    };
  },
});
`,
      },
      {
        name: `${id}.test.ts`,
        text: `import { expect, test } from 'vitest';
import { matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';

/** What must hold of ${id} by theory, on the smallest case that shows it. The table of defenses.test.ts does the rest. */

const embeddings = matrix(Float32Array.of(1, 2, 3, 4), 2, 2);

function replies(text: string): readonly number[] {
  const chain = parseChain(text);
  const key = createRng(1);
  const session = openChainSession(chain, calibrateChain(chain, embeddings, key), 0, key);
  return [...session.reply(embeddings, ['a', 'b']).data];
}

test('does to a reply what its setting says', () => {
  expect(replies('${id}')).toEqual([1, 2, 3, 4]);
  expect(replies('${id}:factor=2')).toEqual([2, 4, 6, 8]);
});
`,
      },
    ],
  };
}
