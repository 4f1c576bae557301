import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export const usage = `usage: npm run bench -- [options]
       npm run bench -- app [SECONDS] [EVENTS-PER-SECOND] [--write FILE]   the run screen under load
       npm run bench -- app --minutes N [--write FILE]   its heap after each minute of that
       npm run bench -- paint [TIMES] [--write FILE]     how soon the start screen stands
       npm run bench -- report [COMPARISONS] [--only FORMATS] [--write FILE]   every format of a large report

  --only IDS            comma-separated beginnings of ids: training, training:resnet18, inference, linear-algebra:probe
  --engines NAMES       comma-separated engines (default: every one that is present)
  --rounds N            blocks per side (default 5)
  --seconds N           length of a block; one run at least (default 3)
  --threads N           threads per side (default: all cores)
  --python PATH         Python with torch, onnxruntime, scikit-learn (default: MOAT_BENCH_PYTHON, or the one made before)
  --install-python      make that Python in the cache folder, by venv and pip
  --no-python           compare with nothing
  --json FILE           write the measurements
  --write FILE          write the table into a Markdown file, between its bench markers
  --from FILE           measure nothing: render stored measurements
  --list                print the ids and end

  --profile NETWORK     per-operator profile of a compiled step, with --batch N --steps N --top N --keep FILE`;

export interface BenchArguments {
  readonly only: readonly string[];
  readonly engines: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly threads: number;
  readonly python: string | undefined;
  readonly usesPython: boolean;
  readonly installsPython: boolean;
  readonly json: string | undefined;
  readonly write: string | undefined;
  readonly from: string | undefined;
  readonly list: boolean;
  readonly help: boolean;
  readonly profile: ProfileArguments | undefined;
}

export interface ProfileArguments {
  readonly network: string;
  readonly batchSize: number;
  readonly steps: number;
  readonly top: number;
  readonly keep: string | undefined;
}

/** @throws Error with one sentence for the user */
export function readArguments(
  args: readonly string[],
  cores: number = availableParallelism(),
): BenchArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      engines: { type: 'string', default: '' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      threads: { type: 'string', default: String(cores) },
      python: { type: 'string' },
      'no-python': { type: 'boolean', default: false },
      'install-python': { type: 'boolean', default: false },
      json: { type: 'string' },
      write: { type: 'string' },
      from: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      profile: { type: 'string' },
      batch: { type: 'string', default: '32' },
      steps: { type: 'string', default: '5' },
      top: { type: 'string', default: '20' },
      keep: { type: 'string' },
    },
  });
  if (values.python !== undefined && values['no-python'])
    throw new Error('--python and --no-python exclude each other.');
  return {
    only: list(values.only),
    engines: list(values.engines),
    rounds: whole('--rounds', values.rounds),
    seconds: positive('--seconds', values.seconds),
    threads: whole('--threads', values.threads),
    python: values.python,
    usesPython: !values['no-python'],
    installsPython: values['install-python'],
    json: values.json,
    write: values.write,
    from: values.from,
    list: values.list,
    help: values.help,
    profile:
      values.profile === undefined
        ? undefined
        : {
            network: values.profile,
            batchSize: whole('--batch', values.batch),
            steps: whole('--steps', values.steps),
            top: whole('--top', values.top),
            keep: values.keep,
          },
  };
}

function list(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function whole(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`${flag} takes a whole number from 1, not "${text}".`);
  return value;
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new Error(`${flag} takes a positive number, not "${text}".`);
  return value;
}
