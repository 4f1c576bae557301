/** `npm run bench`: the engines' speed beside PyTorch, onnxruntime in Python, NumPy and scikit-learn; see --help. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chooseBenchmarks } from '../../audits/bench/benchmark.ts';
import { benchReportSchema, type BenchReport } from '../../audits/bench/result.ts';
import { readArguments, usage, type BenchArguments } from './arguments.ts';
import { compare } from './compare.ts';
import { replaceBetween } from '../../audits/report/markdown-markers.ts';
import { renderMarkdown } from './markdown.ts';
import { profileStep, renderProfile } from './profile.ts';
import { findPython, installPython } from './python.ts';
import { benchmarkSuite } from './suite.ts';

const FAILED_EXIT = 2;
const USAGE_EXIT = 4;
const encoderFolder = path.join(import.meta.dirname, '..', '..', '..', 'shared', 'encoders');

async function measure(args: BenchArguments): Promise<BenchReport> {
  const benchmarks = chooseBenchmarks(benchmarkSuite(encoderFolder), args.only);
  if (args.installsPython) installPython();
  const { python, notes } = args.usesPython ? findPython(args.python) : { python: null, notes: [] };
  const say = (line: string): void => console.error(line);
  return compare({ ...args, benchmarks, python, notes, say });
}

async function main(args: BenchArguments): Promise<void> {
  if (args.help) return console.log(usage);
  if (args.list) return benchmarkSuite(encoderFolder).forEach(({ id }) => console.log(id));
  if (args.profile !== undefined) {
    const summary = await profileStep({ ...args.profile, threads: args.threads });
    return console.log(renderProfile(summary, args.profile.top));
  }
  const report =
    args.from === undefined
      ? await measure(args)
      : benchReportSchema.parse(JSON.parse(readFileSync(args.from, 'utf8')));
  const measured = renderMarkdown(report);
  if (args.json !== undefined) writeFileSync(args.json, `${JSON.stringify(report, null, 2)}\n`);
  if (args.write !== undefined)
    writeFileSync(args.write, replaceBetween(readFileSync(args.write, 'utf8'), 'bench', measured));
  console.log(measured);
}

function fail(thrown: unknown, code: number): never {
  console.error(`error: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  process.exit(code);
}

function argumentsOrEnd(): BenchArguments {
  try {
    return readArguments(process.argv.slice(2));
  } catch (thrown) {
    return fail(thrown, USAGE_EXIT);
  }
}

/** What has nothing in common with the engines but the command: the window's side in a browser, and reports. */
const beside: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  app: async (args) => (await import('./app.ts')).benchApp(args),
  report: async (args) => (await import('./report.ts')).benchReport(args),
  paint: async (args) => (await import('./paint.ts')).benchPaint(args),
};

const [, , name = '', ...rest] = process.argv;
const run = beside[name]?.(rest) ?? main(argumentsOrEnd());
await run.catch((thrown: unknown) => fail(thrown, FAILED_EXIT));
