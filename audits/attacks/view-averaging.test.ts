import { afterAll, describe, expect, test } from 'vitest';
import { imageBytes, sliceImages } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { createEngine } from '../tensor/engine.ts';
import { changeKinds, mostViews, nearDuplicates } from './near-duplicates.ts';
import { findAttack } from './registry.ts';
import { attackIn, gradients, linearVictim, quarters } from '../../test/helpers/attack-world.ts';

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

describe.each(changeKinds)('views by %s', (kind) => {
  const images = gradients(20, 'viewed');
  const rng = createRng('views');
  const views = Array.from({ length: mostViews(kind) }, (_, view) => nearDuplicates(images, view, kind, rng));

  test('differ from each other and from the image, which comes first', () => {
    expect(views[0]).toBe(images);
    for (let image = 0; image < images.count; image++)
      expect(new Set(views.map(({ hashes }) => hashes[image])).size).toBe(views.length);
    expect(() => nearDuplicates(images, views.length, kind, rng)).toThrow(RangeError);
  });

  test('change little, and an image alone as in a batch', () => {
    const size = imageBytes(images);
    for (const view of views) {
      const mean = view.data.reduce((sum, value, at) => sum + Math.abs(value - (images.data[at] ?? 0)), 0);
      expect(mean / view.data.length).toBeLessThan(kind === 'grey' ? 1.001 : 8);
    }
    const alone = nearDuplicates(sliceImages(images, 7, 8), 2, kind, rng);
    expect(alone.data).toEqual(views[2]?.data.slice(7 * size, 8 * size));
  });
});

test('a level below black is taken above it: no view is the image', () => {
  const black = { ...gradients(1, 'black'), data: new Uint8Array(108) };
  for (let view = 1; view < mostViews('grey'); view++)
    expect(nearDuplicates(black, view, 'grey', createRng(1)).data.some((value) => value === 1)).toBe(true);
});

test('a shift moves the picture and repeats its border', () => {
  const [image] = [gradients(1, 'moved')];
  const seen = Array.from({ length: 8 }, (_, at) => nearDuplicates(image, at + 1, 'shift', createRng(2)));
  const right = image.data.map((_, at) => {
    const [y, x, channel] = [Math.floor(at / 18), Math.floor(at / 3) % 6, at % 3];
    return image.data[(y * 6 + Math.max(0, x - 1)) * 3 + channel] ?? 0;
  });
  expect(seen.map(({ data }) => [...data])).toContainEqual([...right]);
});

test('more views than there are changes are refused with the number', () => {
  const facts = { hasBackbone: true, hasProjection: false, hasPoolLabels: false, accounts: 1, defense: [] };
  expect(findAttack('view-averaging')?.notApplicable?.({ views: 12, change: 'crop' }, facts)).toMatch(
    /10 views/,
  );
  expect(findAttack('view-averaging')?.notApplicable?.({ views: 10, change: 'crop' }, facts)).toBeUndefined();
});

describe('against noise keyed by the input', () => {
  const dimension = 6;
  const victim = linearVictim(dimension);
  const base = 'base=backbone-stitching/features=backbone:equal=images';

  /** Mean squared error of the surrogate on unseen images. */
  async function error(text: string, defense: string): Promise<number> {
    const { surrogate } = await attackIn({ engine, victim, dimension, budget: 300, defense }, text);
    const opened = await openSurrogate(engine, surrogate, quarters);
    const images = gradients(200, 'unseen');
    const [got, wanted] = [await opened.embed(images), await victim(images)];
    await opened.dispose();
    return (
      got.data.reduce((sum, value, at) => sum + (value - (wanted.data[at] ?? 0)) ** 2, 0) / got.data.length
    );
  }

  test('sixteen views leave a fraction of the error, sixteen repeats all of it', async () => {
    const defense = 'gaussian-noise:sigma=0.2:mode=keyed';
    const plain = await error('backbone-stitching:features=backbone', defense);
    expect(await error(`repeat-averaging:repeats=16:${base}`, defense)).toBeCloseTo(plain, 5);
    const averaged = await error(`view-averaging:views=16:change=grey:${base}`, defense);
    // A sixteenth of the noise, and what a grey level does to an embedding besides.
    expect(plain / averaged).toBeGreaterThan(6);
    expect(plain / averaged).toBeLessThan(32);
  });
});
