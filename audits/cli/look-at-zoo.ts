import path from 'node:path';
import type { MethodSpec } from '../contract/method.ts';
import { datasetInference } from '../ownership/dataset-inference.ts';
import { createTrainedOn } from '../run/trained-on.ts';
import { readZoo } from '../run/zoo-manifest.ts';
import type { Looked } from './look-at-encoder.ts';
import { plural } from './render/numbers.ts';

/**
 * Looks at every independent encoder once. Victim and suspect are not independent of themselves, and a second copy of a file
 * is no second encoder. Where `zoo.json` says which images an encoder was trained on, they are compared with the private and
 * public ones.
 * @param known victim and suspect
 * @throws MoatError as `look`; `configuration-invalid` for a `zoo.json` that is not ours
 */
export async function lookAtZoo(
  files: readonly string[],
  known: readonly Looked[],
  {
    look,
    tests,
    note,
  }: {
    readonly look: (file: string) => Promise<Looked>;
    readonly tests: readonly MethodSpec[];
    readonly note: (line: string) => void;
  },
): Promise<{ readonly others: readonly Looked[]; readonly notes: readonly string[] }> {
  const [first] = files;
  const [victim] = known;
  if (first === undefined || victim === undefined) return { others: [], notes: [] };
  const folder = path.dirname(first);
  const entries = new Map(readZoo(folder).map((entry) => [entry.sha256, entry]));
  const trainedOn = createTrainedOn(folder, victim.images);
  const others: Looked[] = [];
  const notes: string[] = [];
  for (const [i, file] of files.entries()) {
    const name = path.basename(file);
    note(`independent encoder ${i + 1} of ${files.length}: ${name}`);
    const other = await look(file);
    const same = [...known, ...others].find(({ encoder }) => encoder.digest === other.encoder.digest);
    if (same !== undefined) {
      notes.push(`${name} is ${path.basename(same.encoder.file)} itself and was left out.`);
      continue;
    }
    const entry = entries.get(other.encoder.digest);
    const seen = entry === undefined ? undefined : await trainedOn(entry);
    others.push({ ...other, observed: { ...other.observed, trainedOn: seen } });
  }
  const needsUnseen = tests.some(({ id }) => id === datasetInference.meta.id);
  if (needsUnseen && victim.images.private !== undefined) notes.push(...unseenNotes(others));
  return { others, notes };
}

/** Whether dataset inference may take its independent encoders for what it assumes they are. */
function unseenNotes(others: readonly Looked[]): readonly string[] {
  const observed = others.map((other) => other.observed);
  const saw = observed.filter(
    ({ trainedOn }) => trainedOn !== undefined && trainedOn.private + trainedOn.public > 0,
  );
  const unknown = observed.filter(({ trainedOn }) => trainedOn === undefined);
  return [
    ...(saw.length === 0
      ? []
      : [
          `${plural(saw.length, 'independent encoder')} ${saw.length === 1 ? 'was' : 'were'} trained on private or public images (${saw[0]?.name ?? ''}${saw.length > 1 ? ' and others' : ''}): dataset-inference is judged without them, and stays out of the joint claim.`,
        ]),
    ...(unknown.length === 0
      ? []
      : [
          `No zoo.json says what ${plural(unknown.length, 'independent encoder')} saw (${unknown[0]?.name ?? ''}${unknown.length > 1 ? ' and others' : ''}): dataset-inference holds only if none was trained on the private images.`,
        ]),
  ];
}
