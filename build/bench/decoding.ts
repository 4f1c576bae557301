/**
 * How fast image files become pixels, and what overlapping that with the victim's inference brings.
 *
 *     node build/bench/decoding.ts FOLDER [ENCODER.onnx|-] [IMAGES] [ROUNDS]
 *
 * Rounds are interleaved, because machines are noisy: every round runs each variant once, and ratios are taken within a
 * round. The table gives medians.
 */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import type { Images } from '../../audits/contract/data.ts';
import type { ImageGeometry } from '../../audits/contract/encoder.ts';
import { openDataset } from '../../audits/datasets/dataset.ts';
import { decodeBlock } from '../../audits/datasets/decode-block.ts';
import { decodeGenerally } from '../../audits/datasets/decode.ts';
import { readBlocks, type ImagePlace } from '../../audits/datasets/read-blocks.ts';
import { poolOrder } from '../../audits/datasets/split.ts';
import { openEncoder } from '../../audits/encoder/encoder.ts';
import { createRng } from '../../audits/rng.ts';
import { createEngine } from '../../audits/tensor/engine.ts';

const [folder, encoderPath, imagesWanted = '50000', roundsWanted = '5'] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: decoding.ts FOLDER [ENCODER.onnx|-] [IMAGES] [ROUNDS]');
/** The general decoder is an order of magnitude slower: a part of the images tells its rate. */
const GENERAL_SHARE = 10;
const EMBED_ROWS = 256;

const dataset = await openDataset(folder);
const places: readonly ImagePlace[] = poolOrder(dataset, createRng('decoding'))
  .slice(0, Number(imagesWanted))
  .map(({ split, index }) => ({ dataset, split, index }));
const engine = await createEngine('onnx', { threads: 1 });
const encoder =
  encoderPath === undefined || encoderPath === '-' ? undefined : await openEncoder(engine, encoderPath, {});
const geometry: ImageGeometry = encoder?.description.preprocessing ?? {
  height: 32,
  width: 32,
  resize: 'stretch',
  resizeTo: 32,
  interpolation: 'bilinear',
};
const general = {
  decode: (items: Parameters<typeof decodeBlock>[1]) => decodeBlock(decodeGenerally, items, geometry),
  close: () => Promise.resolve(),
};

interface Time {
  readonly wallSeconds: number;
  /** Of all threads together. */
  readonly processorSeconds: number;
}

async function timed(work: () => Promise<void>): Promise<Time> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wallSeconds: (performance.now() - started) / 1000, processorSeconds: (user + system) / 1e6 };
}

async function decodeAll(
  some: readonly ImagePlace[],
  options: Parameters<typeof readBlocks>[2],
): Promise<Images[]> {
  const blocks: Images[] = [];
  for await (const { images } of readBlocks(some, geometry, options)) blocks.push(images);
  return blocks;
}

const few = places.slice(0, Math.ceil(places.length / GENERAL_SHARE));
const variants: Record<string, { readonly images: number; readonly run: () => Promise<void> }> = {
  'decode, sharp alone': {
    images: few.length,
    run: async () => void (await decodeAll(few, { decoder: general })),
  },
  'decode, threads': { images: places.length, run: async () => void (await decodeAll(places, {})) },
};
if (encoder !== undefined) {
  const embed = async (blocks: AsyncIterable<Images> | Iterable<Images>): Promise<void> => {
    for await (const images of blocks) await encoder.embed(images);
  };
  variants['decode, then embed'] = {
    images: places.length,
    run: async () => embed(await decodeAll(places, {})),
  };
  variants['decode while embedding'] = {
    images: places.length,
    run: async () => {
      for await (const { images } of readBlocks(places, geometry)) await encoder.embed(images);
    },
  };
  const block = (await decodeAll(places.slice(0, EMBED_ROWS), {}))[0];
  if (block === undefined) throw new Error('there are no images');
  variants['embed alone'] = {
    images: places.length,
    run: async () => {
      for (let done = 0; done < places.length; done += EMBED_ROWS) await encoder.embed(block);
    },
  };
}

/** Images per second of wall time, and microseconds of processor time per image; one of each per round. */
interface Measured {
  readonly rates: number[];
  readonly costs: number[];
}
const measured = new Map<string, Measured>(
  Object.keys(variants).map((name) => [name, { rates: [], costs: [] }]),
);
for (let round = 0; round < Number(roundsWanted); round++)
  for (const [name, { images, run }] of Object.entries(variants)) {
    const { wallSeconds, processorSeconds } = await timed(run);
    measured.get(name)?.rates.push(images / wallSeconds);
    measured.get(name)?.costs.push((processorSeconds * 1e6) / images);
    console.error(`round ${round + 1}  ${name.padEnd(24)} ${Math.round(images / wallSeconds)} images/s`);
  }

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
function ratio(above: string, below: string, of: keyof Measured): string {
  const [a, b] = [measured.get(above)?.[of] ?? [], measured.get(below)?.[of] ?? []];
  const ratios = a.map((value, i) => value / (b[i] ?? Number.NaN)).toSorted((x, y) => x - y);
  return `${median(ratios).toFixed(2)} (${ratios[0]?.toFixed(2)} ... ${ratios.at(-1)?.toFixed(2)})`;
}
console.log(`${places.length} images of ${folder}, ${geometry.height} px, ${availableParallelism()} cores\n`);
console.log('| what | images/s | processor µs per image |\n|---|---|---|');
for (const [name, { rates, costs }] of measured)
  console.log(`| ${name} | ${Math.round(median(rates))} | ${Math.round(median(costs))} |`);
console.log(`\nrate, threads / sharp alone: ${ratio('decode, threads', 'decode, sharp alone', 'rates')}`);
console.log(
  `processor time, sharp alone / threads: ${ratio('decode, sharp alone', 'decode, threads', 'costs')}`,
);
if (encoder !== undefined)
  console.log(
    `rate, overlapped / one after the other: ${ratio('decode while embedding', 'decode, then embed', 'rates')}`,
  );
await encoder?.dispose();
await engine.dispose();
