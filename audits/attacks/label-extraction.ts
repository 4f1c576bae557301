import { z } from 'zod';
import { matrix, selectImages, type Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext, TaskHead } from '../contract/method.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { fitSurrogate } from '../surrogates/fit.ts';
import { affordableImages, collectReplies } from './collect-replies.ts';
import { defineAttack } from './define-attack.ts';

/**
 * The baseline that embeddings are compared with (Dziedzic et al. 2022, section 4.4 and Table 4): steal the labels which the
 * provider's classifier of a downstream task gives, train a classifier from scratch on them, and keep it without its last
 * layer. The row "SL fine-tune" of the table: the student's features under a fresh probe.
 *
 * Threat model: black box that answers with one class per image; unlabelled images of any kind (the paper asks every task's
 * classifier about CIFAR-10 pictures).
 */
const config = z.object({
  /** Name of the task whose classifier is asked; default: the audit's first. */
  task: z.string().min(1).optional(),
});

/** Share of the attack's time, for progress only: replies mostly come from a cache. */
const QUERY_SHARE = 0.05;

const UNDEFENDED_ONLY =
  'label-extraction asks a service that answers with classes, and these defenses change embeddings: it runs without a defense only.';

export const labelExtraction = defineAttack({
  meta: {
    id: 'label-extraction',
    version: 1,
    title: 'Label extraction',
    summary:
      'Trains a classifier on stolen labels and keeps its features: the baseline of stealing embeddings.',
    reference: {
      authors: 'A. Dziedzic, N. Dhawan, M. A. Kaleem, J. Guan, N. Papernot',
      title: 'On the Difficulty of Defending Self-Supervised Learning against Model Extraction',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.07890',
    },
    knowledge: 'Unlabelled images and the class that the service gives each.',
    requires: [],
    training: 'network',
  },
  config,
  notApplicable: (_config, { defense }) => (defense.length > 0 ? UNDEFENDED_ONLY : undefined),
  trainedImages: (_config, { budget, surrogate }) => budget * surrogate.epochs,
  async run(context, { task }) {
    if (context.defense.chain.length > 0) throw new MoatError('not-applicable', UNDEFENDED_ONLY);
    const head = findHead(context, task);
    const asked = affordableImages(context);
    const { indices, replies } = await collectReplies(context, asked, (fraction) =>
      context.progress(fraction * QUERY_SHARE, 'querying'),
    );
    const { surrogate, diagnostics } = await fitSurrogate({
      engine: context.engine,
      settings: context.surrogate,
      dimension: head.classes,
      isHeadless: true,
      inputs: [indices.length === asked.count ? asked : selectImages(asked, indices)],
      targets: [oneHot(await head.classify(replies), head.classes)],
      loss: crossEntropy,
      lossOptions: {},
      rng: context.rng.derive('surrogate'),
      checkpoint: context.checkpoint,
      signal: context.signal,
      progress: (fraction, stage) => context.progress(QUERY_SHARE + (1 - QUERY_SHARE) * fraction, stage),
      log: (message) => context.log(message),
    });
    return { surrogate, diagnostics: { ...diagnostics, images: indices.length } };
  },
});

function findHead({ taskHeads }: AttackContext, task: string | undefined): TaskHead {
  const head = task === undefined ? taskHeads[0] : taskHeads.find((known) => known.task === task);
  if (head !== undefined) return head;
  const names = taskHeads.map((known) => known.task).join(', ');
  throw new MoatError(
    'not-applicable',
    task === undefined
      ? 'The provider has no classifier whose labels could be stolen.'
      : `The provider has no classifier of a task "${task}"; there are ${names}.`,
  );
}

/** Labels as rows of probabilities `[labels.length, classes]`. */
function oneHot(labels: Int32Array, classes: number): Matrix {
  const rows = new Float32Array(labels.length * classes);
  for (const [row, label] of labels.entries()) rows[row * classes + label] = 1;
  return matrix(rows, labels.length, classes);
}
