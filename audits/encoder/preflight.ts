import { matrix, selectRows, sliceImages, type Images, type Matrix } from '../contract/data.ts';
import type { Clock } from '../contract/context.ts';
import type { Encoder, PreflightCheck, PreflightReport } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import {
  batchCheck,
  determinismCheck,
  dimensionCheck,
  finiteCheck,
  normsCheck,
  shapeCheck,
  spreadChecks,
  throughputCheck,
} from './preflight-checks.ts';

/** Images embedded once more alone, to see whether their neighbors in the batch matter. */
const ALONE_ROWS = 4;

/**
 * Runs the encoder on a few images and says, a sentence each, whether its replies are fit for an audit.
 * @param images at the encoder's input size; two or more different ones, or little can be said
 * @throws MoatError `encoder-failed` when it does not run at all
 */
export async function preflight(encoder: Encoder, images: Images, clock: Clock): Promise<PreflightReport> {
  const first = await encoder.embed(images);
  const startedMs = clock.monotonicMs();
  const second = await encoder.embed(images);
  const elapsedMs = clock.monotonicMs() - startedMs;
  const aloneRows = Math.min(ALONE_ROWS, images.count);
  const alone = await embedOneByOne(encoder, images, aloneRows);
  const different = distinctRows(images, first);
  const checks = [
    shapeCheck(encoder, images, first),
    dimensionCheck(encoder, first),
    finiteCheck(first),
    normsCheck(first),
    ...spreadChecks(different),
    determinismCheck(first, second),
    batchCheck(encoder, first, second, alone),
    throughputCheck(images, elapsedMs),
  ];
  return { dimension: first.columns, images: images.count, checks };
}

/**
 * Refuses what no audit can use.
 * @throws MoatError `encoder-not-finite`, `encoder-constant`
 */
export function assertAuditable(report: PreflightReport): void {
  const problem = (id: PreflightCheck['id']): PreflightCheck | undefined =>
    report.checks.find((check) => check.id === id && check.status === 'problem');
  const notFinite = problem('finite');
  if (notFinite !== undefined) throw new MoatError('encoder-not-finite', notFinite.sentence);
  const constant = problem('constant');
  if (constant !== undefined) throw new MoatError('encoder-constant', constant.sentence);
}

async function embedOneByOne(encoder: Encoder, images: Images, rows: number): Promise<Matrix> {
  const data = new Float32Array(rows * encoder.dimension);
  for (let row = 0; row < rows; row++) {
    const { data: vector } = await encoder.embed(sliceImages(images, row, row + 1));
    data.set(vector, row * encoder.dimension);
  }
  return matrix(data, rows, encoder.dimension);
}

/** Embeddings of images that differ: copies would make any encoder look constant. */
function distinctRows(images: Images, embeddings: Matrix): Matrix {
  const seen = new Set<string>();
  const rows = images.hashes.flatMap((hash, row) => (seen.has(hash) ? [] : (seen.add(hash), [row])));
  return selectRows(embeddings, rows);
}
