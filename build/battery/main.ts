/** `npm run battery`: the schedule of docs/battery.md; see --help. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readArguments, usage, type BatteryArguments } from './arguments.ts';
import { renderDocument, writeInto, type Answered } from './document.ts';
import { openView, readRecord, runStep, STOPPED_EXIT, StoppedError } from './run-step.ts';
import { commonArguments, extraSteps, ownArguments, schedule } from './schedule.ts';
import type { Step } from './step.ts';

const FAILED_EXIT = 2;
const USAGE_EXIT = 4;

async function main(args: BatteryArguments): Promise<void> {
  if (args.help) return console.log(usage);
  if (args.list) {
    for (const { id, title } of schedule) console.log(`${id.padEnd(28)}${title}`);
    for (const { id, title } of extraSteps) console.log(`${id.padEnd(28)}${title} (with --only)`);
    return;
  }
  const steps = chosenSteps(args);
  if (!args.report) await runAll(steps, args);
  const answered = steps.flatMap((step): Answered[] => {
    const record = readRecord(step, args.folder);
    return record === undefined ? [] : [{ step, record, view: openView(record, args.folder) }];
  });
  const rendered = renderDocument(answered);
  if (args.write !== undefined)
    writeFileSync(args.write, writeInto(readFileSync(args.write, 'utf8'), rendered));
  console.log(rendered);
}

async function runAll(steps: readonly Step[], args: BatteryArguments): Promise<void> {
  for (const needed of [
    path.join(args.encoders, 'cifar10-supcon.onnx'),
    path.join(args.data, 'cifar10-jpeg'),
  ])
    if (!existsSync(needed))
      throw new Error(`${needed} is missing: name its folder with --encoders or --data.`);
  for (const [at, step] of steps.entries()) {
    console.error(`[${at + 1}/${steps.length}] ${step.id}: ${step.title}`);
    await runStep(step, [...commonArguments(args), ...ownArguments(step, args)], args.folder);
  }
}

/** Those named; else the schedule, and for a report whatever has run. */
function chosenSteps({ only, report }: BatteryArguments): readonly Step[] {
  const all = [...schedule, ...extraSteps];
  const unknown = only.find((id) => !all.some((step) => step.id === id));
  if (unknown !== undefined) throw new Error(`There is no step "${unknown}"; --list names them.`);
  if (only.length > 0) return all.filter(({ id }) => only.includes(id));
  return report ? all : schedule;
}

function fail(thrown: unknown, code: number): never {
  console.error(`error: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  process.exit(code);
}

function argumentsOrEnd(): BatteryArguments {
  try {
    return readArguments(process.argv.slice(2));
  } catch (thrown) {
    return fail(thrown, USAGE_EXIT);
  }
}

await main(argumentsOrEnd()).catch((thrown: unknown) =>
  fail(thrown, thrown instanceof StoppedError ? STOPPED_EXIT : FAILED_EXIT),
);
