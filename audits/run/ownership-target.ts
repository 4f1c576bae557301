import type { AuditConfig } from '../contract/audit.ts';
import type { OwnershipInputs } from '../contract/cell.ts';
import type { Images, Matrix } from '../contract/data.ts';
import type { Encoder, ImageGeometry } from '../contract/encoder.ts';
import type { Engine } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { readImages } from '../datasets/read.ts';
import { describeEncoder } from '../encoder/describe.ts';
import { encoderIdentity } from '../plan/key.ts';
import { MOST_OWNERSHIP_IMAGES } from '../plan/ownership-inputs.ts';
import { createRng } from '../rng.ts';
import { createFidelity } from './measure-fidelity.ts';
import { observe, type OwnershipTarget } from './measure-ownership.ts';
import { chooseOwnershipImages, type ImageSource, type OwnershipImages } from './observe-encoder.ts';
import { embedUntrained } from './untrained-embeddings.ts';

/** What the ownership tests of an audit stand on: chosen and named by its content once, opened by every worker. */

/** Largest side at which private and public images are kept for encoders other than the victim; as task images are. */
const KEPT_SIDE = 64;

/**
 * Names images and independent encoders by their content, for the keys of cells. An encoder that is the victim itself, or is
 * there twice, is left out.
 * @returns undefined where no ownership tests are asked for
 * @throws MoatError `path-missing`, `dataset-*`, `encoder-*` naming the file
 */
export async function nameOwnershipInputs(
  { ownership, seed }: Pick<AuditConfig, 'ownership' | 'seed'>,
  victim: { readonly digest: string; readonly preprocessing: ImageGeometry },
): Promise<OwnershipInputs | undefined> {
  if (ownership === undefined) return undefined;
  const sides = await chooseSides(ownership, seed, victim.preprocessing);
  const independent = new Map<string, OwnershipInputs['independent'][number]>();
  for (const file of ownership.zoo) {
    const description = await describeEncoder(file, {});
    const identity = encoderIdentity(description);
    if (description.digest !== victim.digest && !independent.has(identity))
      independent.set(identity, { file, identity });
  }
  return {
    private: sides?.private?.digest ?? null,
    public: sides?.public?.digest ?? null,
    independent: [...independent.values()],
  };
}

export interface TargetParts {
  readonly config: Pick<AuditConfig, 'ownership' | 'seed'>;
  readonly engine: Engine;
  readonly victim: () => Promise<Encoder>;
  readonly geometry: ImageGeometry;
  /** The first task's images to score, with the victim's clean embeddings of them. */
  readonly scored: { readonly images: () => Images; readonly embeddings: Matrix };
  /** Images that settle the untrained network. */
  readonly pool: Images;
  /** Side at which the untrained network sees images. */
  readonly inputSize: number;
  readonly signal: AbortSignal;
}

export async function openOwnershipTarget(parts: TargetParts): Promise<OwnershipTarget> {
  const { config, engine, geometry, scored, signal } = parts;
  const rng = createRng(config.seed).derive('ownership');
  const sides =
    config.ownership === undefined ? undefined : await chooseSides(config.ownership, config.seed, geometry);
  const small: ImageGeometry = {
    ...geometry,
    height: Math.min(geometry.height, KEPT_SIDE),
    width: Math.min(geometry.width, KEPT_SIDE),
    resizeTo: Math.min(geometry.resizeTo, KEPT_SIDE),
  };
  const kept = async (source: ImageSource | undefined): Promise<Images | undefined> =>
    source === undefined ? undefined : read(source, small, signal);
  const images = { private: await kept(sides?.private), public: await kept(sides?.public) };
  // The victim sees them at its own size.
  const asked = async (source: ImageSource | undefined): Promise<Matrix | undefined> =>
    source === undefined ? undefined : (await parts.victim()).embed(await read(source, geometry, signal));
  const [own, strangers] = [await asked(sides?.private), await asked(sides?.public)];
  const [untrained] = await embedUntrained(
    { engine, rng: rng.derive('untrained'), pool: parts.pool },
    { dimension: scored.embeddings.columns, inputSize: parts.inputSize },
    [images.private ?? scored.images()],
  );
  if (untrained === undefined) throw new MoatError('internal', 'The untrained network embedded nothing.');
  return {
    context: {
      engine,
      rng: rng.derive('tests'),
      signal,
      victim: observe('the victim', scored.embeddings, own, strangers),
      fidelity: createFidelity({ engine, rng: rng.derive('fidelity') }, untrained),
    },
    ...images,
  };
}

async function chooseSides(
  { private: own, public: strangers }: NonNullable<AuditConfig['ownership']>,
  seed: number,
  geometry: ImageGeometry,
): Promise<OwnershipImages | undefined> {
  if (own === undefined) return undefined;
  const stream = createRng(seed).derive('ownership/images');
  return chooseOwnershipImages({ private: own, public: strangers }, MOST_OWNERSHIP_IMAGES, geometry, stream);
}

async function read(
  { dataset, split, indices }: ImageSource,
  geometry: ImageGeometry,
  signal: AbortSignal,
): Promise<Images> {
  const { images, corrupt } = await readImages(dataset, split, indices, geometry, { signal });
  if (images.count !== indices.length)
    throw new MoatError(
      'dataset-unreadable',
      `${corrupt.length} images of ${dataset.name} could no longer be read.`,
    );
  return images;
}
