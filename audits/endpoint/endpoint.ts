import path from 'node:path';
import type { Clock } from '../contract/context.ts';
import { matrix, selectImages, type Images, type Matrix } from '../contract/data.ts';
import type { Encoder, EncoderDescription, Preprocessing } from '../contract/encoder.ts';
import type { EndpointVictim, NetworkUse } from '../contract/endpoint.ts';
import { MoatError } from '../contract/errors.ts';
import { encodeImage } from '../datasets/encode-image.ts';
import { digestOf } from '../plan/key.ts';
import { createAsk } from './ask.ts';
import { RecordedReplies } from './recorded-replies.ts';
import { readSecrets, type Environment } from './secrets.ts';
import { readAsked, Spending } from './spending.ts';

export interface EndpointOptions {
  readonly artifactFolder: string;
  readonly environment: Environment;
  readonly clock: Clock;
  /** Aborting stops asking; what is under way still arrives and is recorded. */
  readonly signal?: AbortSignal | undefined;
  log(message: string): void;
}

/** A deployed service that answers as an encoder does. */
export interface EndpointEncoder extends Encoder {
  /**
   * The same service for a look at how it answers: an image given again is asked again (and that reply recorded too, so
   * that a second run asks nothing). `embed` of the encoder itself asks each image once in the life of the database.
   */
  readonly askedAnew: Encoder;
}

/**
 * SHA-256 (hex) of whatever decides a service's replies: the address, the request, the images' form, where the vector
 * stands, the revision. Limits, prices and the values of secrets are not in it.
 */
export function endpointIdentity({ url, settings }: EndpointVictim): string {
  const { revision, request, image, response } = settings;
  return digestOf({ url, revision, request, image, response });
}

/** @throws MoatError `endpoint-secret-missing`; asking throws `endpoint-*` */
export function openEndpoint(victim: EndpointVictim, options: EndpointOptions): EndpointEncoder {
  const folder = repliesFolder(victim, options.artifactFolder);
  const secrets = readSecrets(victim, options.environment);
  const recorded = new RecordedReplies(folder);
  const spending = new Spending(folder, victim.settings);
  const ask = createAsk(victim, {
    secrets,
    spending,
    clock: options.clock,
    log: (message) => options.log(message),
  });
  const description = describeEndpoint(victim);
  const { batchSize, image } = victim.settings;

  const askMissing = async (images: Images, occasions: readonly number[]): Promise<void> => {
    const wanted = new Map<string, number>();
    for (const [i, hash] of images.hashes.entries())
      if (!recorded.has(hash, occasions[i] ?? 0)) wanted.set(`${hash}/${occasions[i] ?? 0}`, i);
    const missing = [...wanted.values()];
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    const askBatch = async (batch: readonly number[]): Promise<void> => {
      const files = await Promise.all(batch.map((i) => encodeImage(images, i, image)));
      const replies = await ask(files, signal);
      const hashes = selectImages(images, batch).hashes;
      recorded.append(
        hashes,
        batch.map((i) => occasions[i] ?? 0),
        replies,
      );
    };
    const batches: Promise<void>[] = [];
    let failure: unknown;
    for (let start = 0; start < missing.length; start += batchSize)
      batches.push(
        askBatch(missing.slice(start, start + batchSize)).catch((error: unknown) => {
          failure ??= error;
          stop.abort();
        }),
      );
    await Promise.all(batches);
    if (failure !== undefined) throw failure;
  };

  const embed = async (images: Images, occasions: readonly number[]): Promise<Matrix> => {
    if (images.count === 0) return matrix(new Float32Array(0), 0, recorded.dimension ?? 0);
    await askMissing(images, occasions);
    return recorded.read(images.hashes, occasions);
  };

  const knownDimension = (): number => {
    const { dimension } = recorded;
    if (dimension === undefined) throw new RangeError('the service has not been asked yet');
    return dimension;
  };
  const times = new Map<string, number>();
  return {
    description,
    get dimension() {
      return knownDimension();
    },
    embed: (images) =>
      embed(
        images,
        images.hashes.map(() => 0),
      ),
    askedAnew: {
      description,
      get dimension() {
        return knownDimension();
      },
      embed: (images) =>
        embed(
          images,
          images.hashes.map((hash) => {
            const occasion = times.get(hash) ?? 0;
            times.set(hash, occasion + 1);
            return occasion;
          }),
        ),
      dispose: () => Promise.resolve(),
    },
    dispose() {
      recorded.close();
      spending.close();
      return Promise.resolve();
    },
  };
}

/** What has been asked of this service by all audits of a database; reads the disk, asks nothing. */
export function networkUse(victim: EndpointVictim, artifactFolder: string): NetworkUse {
  const folder = repliesFolder(victim, artifactFolder);
  const { requests, images } = readAsked(folder);
  const recorded = new RecordedReplies(folder);
  try {
    const dollars = images * victim.settings.pricePerImage;
    return { url: victim.url, requests, images, dollars, recorded: recorded.images };
  } finally {
    recorded.close();
  }
}

/** A service has no file to describe: what is known is what is sent and where the reply stands. */
export function describeEndpoint(victim: EndpointVictim): EncoderDescription {
  const { size, resize } = victim.settings.image;
  const preprocessing: Preprocessing = {
    height: size,
    width: size,
    resize,
    resizeTo: size,
    interpolation: 'bicubic',
    layout: 'nhwc',
    range: '0-255',
    mean: [0, 0, 0],
    std: [1, 1, 1],
    channels: 'rgb',
  };
  const { vectors, each } = victim.settings.response;
  return {
    path: victim.url,
    digest: endpointIdentity(victim),
    sizeBytes: 0,
    opset: 0,
    producer: 'deployed service',
    inputs: [],
    outputs: [],
    input: victim.settings.request.body.kind,
    output: `${vectors}${each === '' ? '' : `/*${each}`}`,
    pooling: 'none',
    fixedBatch: null,
    preprocessing,
    preprocessingSources: {
      height: 'flag',
      width: 'flag',
      resize: 'flag',
      resizeTo: 'flag',
      interpolation: 'flag',
      layout: 'flag',
      range: 'flag',
      mean: 'flag',
      std: 'flag',
      channels: 'flag',
    },
    notes: [
      `Its replies come over the network from ${victim.url}; each image is asked once and its reply recorded. What the service itself does to its replies is part of the victim: candidate defenses are applied on top.`,
    ],
  };
}

function repliesFolder(victim: EndpointVictim, artifactFolder: string): string {
  return path.join(artifactFolder, 'replies', endpointIdentity(victim).slice(0, 32));
}

/** @throws MoatError `usage` */
export function endpointOf(url: string, settings: EndpointVictim['settings'] | undefined): EndpointVictim {
  if (settings === undefined)
    throw new MoatError(
      'usage',
      'A service is audited with a file that says how it is asked: --endpoint endpoint.json (docs/endpoint.md).',
    );
  return { url, settings };
}
