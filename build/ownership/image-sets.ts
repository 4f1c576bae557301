import { copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Disjoint sets of images out of one data set, so that it is known who saw what. */

export interface ImageSets {
  /** What the victims are trained on; with a test part, so that none of its images is held out. */
  readonly private: string;
  /** What independent encoders are trained on that saw no private image. */
  readonly others: readonly [string, string];
  /** What nobody is trained on. */
  readonly public: string;
  /** What thieves ask for. */
  readonly queries: string;
}

/** Images per class of the test part, for looking at a training. */
const LOOKED_AT = 20;

/**
 * Copies the sets class by class, in the order of the names: private, two others, public (twice as many), queries.
 * @param queries images in all
 * @throws RangeError where a class has too few images
 */
export function makeImageSets(
  data: string,
  work: string,
  { perClass, queries }: { readonly perClass: number; readonly queries: number },
): ImageSets {
  const classes = readdirSync(path.join(data, 'train')).filter((name) =>
    statSync(path.join(data, 'train', name)).isDirectory(),
  );
  const perQueryClass = Math.ceil(queries / classes.length);
  let next = 0;
  const take = (name: string, part: string, count: number): string => {
    const folder = path.join(work, 'images', name);
    for (const each of classes) copyClass(data, 'train', each, path.join(folder, part), next, count);
    next += count;
    return folder;
  };
  const trained = (name: string): string => {
    const folder = take(name, 'train', perClass);
    for (const each of classes) copyClass(data, 'test', each, path.join(folder, 'test'), 0, LOOKED_AT);
    return folder;
  };
  return {
    private: trained('private'),
    others: [trained('other-a'), trained('other-b')],
    public: take('public', 'all', 2 * perClass),
    queries: take('queries', 'all', perQueryClass),
  };
}

function copyClass(data: string, split: string, name: string, to: string, from: number, count: number): void {
  const source = path.join(data, split, name);
  const files = readdirSync(source)
    .sort()
    .slice(from, from + count);
  if (files.length < count) throw new RangeError(`${source} has fewer than ${from + count} images`);
  const target = path.join(to, name);
  mkdirSync(target, { recursive: true });
  for (const file of files) copyFileSync(path.join(source, file), path.join(target, file));
}
