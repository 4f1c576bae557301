/** `node build/bootstrap.mjs build/ownership/main.ts`: ownership tests on encoders trained here; see --help. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { Engine } from '../../audits/contract/engine.ts';
import { contextOf, createLook, type Looked } from '../../audits/cli/look-at-encoder.ts';
import { lookAtZoo } from '../../audits/cli/look-at-zoo.ts';
import { zooFiles } from '../../audits/encoder/zoo.ts';
import { neededDisturbances, parseOwnershipTests, usualTests } from '../../audits/ownership/judge.ts';
import { createRng } from '../../audits/rng.ts';
import { writeFileAtomic } from '../../audits/run/files.ts';
import { createEngine } from '../../audits/tensor/engine.ts';
import { readArguments, usage, type MeasurementArguments } from './arguments.ts';
import { makeImageSets, type ImageSets } from './image-sets.ts';
import { judgeVictim, type JudgedVictim } from './judge.ts';
import { steal } from './steal.ts';
import { disguised, onFewer } from './suspects.ts';
import { evidenceTable, sizeTable, suspectTable, type SizeRow } from './tables.ts';
import { trainEncoders, type TrainedVictim } from './train.ts';

const { signal } = new AbortController();

const ATTACKS = { mse: 'direct-extraction', infonce: 'direct-extraction:loss=infonce' } as const;
const THIEF_EPOCHS = 10;
/** Images a side at which dataset inference is tried, and its settings. */
const SIZES = [200, 500, 1000, 2000, 5000];
const MIXTURES =
  'dataset-inference:variant=gmm+dataset-inference:covariance=full:components=1+dataset-inference:axes=16';

const args = readArguments(process.argv.slice(2));
if (args.help) console.log(usage);
else await main(args);

async function main(chosen: MeasurementArguments): Promise<void> {
  mkdirSync(chosen.work, { recursive: true });
  const sets = makeImageSets(chosen.data, chosen.work, chosen);
  const { victims, zoo } = trainEncoders(chosen, sets);
  const engine = await createEngine('onnx', { threads: 1 });
  try {
    const blocks = await judgeAll(engine, chosen, { sets, victims, zoo });
    const text = blocks.join('\n\n');
    writeFileAtomic(path.join(chosen.work, 'ownership.md'), [`${text}\n`]);
    console.log(text);
  } finally {
    await engine.dispose();
  }
}

async function judgeAll(
  engine: Engine,
  { work, perClass, queries, resolution }: MeasurementArguments,
  {
    sets,
    victims,
    zoo,
  }: { readonly sets: ImageSets; readonly victims: readonly TrainedVictim[]; readonly zoo: string },
): Promise<readonly string[]> {
  const rng = createRng('ownership 0');
  const tests = usualTests();
  const look = createLook(
    engine,
    { private: sets.private, public: sets.public, images: Number.MAX_SAFE_INTEGER, options: {} },
    { rng, rates: {}, mark: undefined, disturbances: neededDisturbances(tests), signal },
  );
  const owners: { readonly victim: TrainedVictim; readonly looked: Looked }[] = [];
  for (const victim of victims) owners.push({ victim, looked: await look(victim.file) });
  const { others, notes } = await lookAtZoo(
    zooFiles(zoo),
    owners.map(({ looked }) => looked),
    {
      look,
      tests,
      note: (line) => console.error(line),
    },
  );
  const saw = new Set(
    others.flatMap(({ observed: { name, trainedOn } }) => ((trainedOn?.private ?? 0) > 0 ? [name] : [])),
  );
  const blocks = [
    `${perClass} private images a class, ${others.length} independent encoders, of which ${saw.size} saw the private images.`,
    ...notes,
  ];
  for (const { victim, looked } of owners) {
    // The others are judged by dataset inference alone, below.
    if (victim.role !== 'stolen') continue;
    const suspects: Looked['observed'][] = [];
    for (const [loss, attack] of Object.entries(ATTACKS)) {
      const out = path.join(work, 'copies', `${victim.name}-${loss}.onnx`);
      console.error(`stealing ${victim.name} by ${attack}`);
      await steal(engine, {
        victim: victim.file,
        attack,
        queries: sets.queries,
        budget: queries,
        inputSize: resolution,
        epochs: THIEF_EPOCHS,
        out,
      });
      suspects.push((await look(out)).observed);
    }
    const [copy] = suspects;
    const disguises = copy === undefined ? [] : await disguised(engine, copy);
    const twins = owners.filter(
      (other) => other.victim.role === 'twin' && other.victim.method === victim.method,
    );
    suspects.push(...twins.map((twin) => twin.looked.observed));
    const judged = await judgeVictim(await contextOf(engine, looked, rng, signal), {
      suspects: [...suspects, ...disguises.map((each) => each.observed)],
      zoo: others,
      tests,
    });
    blocks.push(...victimBlocks(judged, suspects.length, saw));
  }
  blocks.push(sizeTable(await judgeSizes(engine, owners, others, saw)));
  return blocks;
}

function victimBlocks(judged: JudgedVictim, plain: number, saw: ReadonlySet<string>): readonly string[] {
  const { suspects, victim } = judged;
  const [own, copy] = suspects;
  return [
    `### Victim ${victim}`,
    suspectTable({ ...judged, suspects: suspects.slice(0, 1 + plain) }, saw),
    suspectTable({ ...judged, suspects: suspects.slice(1 + plain) }, saw),
    ...(own === undefined ? [] : [`The victim itself:`, evidenceTable(own)]),
    ...(copy === undefined ? [] : [`${copy.name}:`, evidenceTable(copy)]),
  ];
}

async function judgeSizes(
  engine: Engine,
  owners: readonly { readonly victim: TrainedVictim; readonly looked: Looked }[],
  others: readonly Looked[],
  saw: ReadonlySet<string>,
): Promise<readonly SizeRow[]> {
  const rows: SizeRow[] = [];
  const tests = MIXTURES.split('+').flatMap(parseOwnershipTests);
  for (const { victim, looked } of owners) {
    const context = await contextOf(engine, looked, createRng('sizes'), signal);
    const most = Math.min(
      looked.observed.private?.embeddings.rows ?? 0,
      looked.observed.public?.embeddings.rows ?? 0,
    );
    for (const images of SIZES.filter((size) => size <= most)) {
      const fewer = (each: Looked): Looked => ({ ...each, observed: onFewer(each.observed, images) });
      const judged = await judgeVictim(
        { ...context, victim: onFewer(looked.observed, images) },
        { suspects: [], zoo: others.map(fewer), tests },
      );
      const honest = judged.independent.filter(({ name }) => !saw.has(name));
      for (const finding of judged.suspects[0]?.judgement.findings ?? [])
        rows.push({
          victim: victim.name,
          images,
          label: finding.label,
          finding,
          honestClaimed: honest.filter(({ judgement }) =>
            judgement.findings.some(
              ({ label, evidence }) => label === finding.label && evidence?.claimed === true,
            ),
          ).length,
          honest: honest.length,
        });
    }
  }
  return rows;
}
