import type { Command } from 'commander';
import { FEWEST_ROWS } from '../plan/configure.ts';
import type { CommandContext } from './context.ts';
import {
  addDatabaseOption,
  addDeviceOptions,
  addEncoderOptions,
  addExample,
  addJsonOption,
  addPluginOption,
  collectTask,
  readList,
  readNumber,
  readWhole,
  readWholes,
} from './flags.ts';
import { checkSettings, mergeSettings, readSettings, type Settings } from '../settings/settings.ts';

/** Flags that say how to run, not what to measure: never in `moat.config.json`. */
export interface RunFlags {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly dryRun: boolean;
  /** What would be asked before the audit starts is answered with yes. */
  readonly yes: boolean;
  /** Files with methods of the user's own. */
  readonly plugins: readonly string[];
}

export function registerAudit(program: Command, context: CommandContext): void {
  const command = program
    .command('audit')
    .summary('steal an encoder through each defense and judge the defenses')
    .description(
      'Audits an ONNX image encoder: plays the attackers through each candidate defense, measures what was stolen and what honest users lost. Without an encoder it audits the built-in demo.',
    )
    .argument(
      '[encoder]',
      'path of the ONNX file, or https://... with --endpoint (default: the built-in demo)',
    )
    .option('--endpoint <file>', 'how the deployed service at that address is asked (docs/endpoint.md)')
    .option(
      '--pool <dir...>',
      'folders of images the attacker queries with; dir=0.3 gives one its share of the queries',
    )
    .option(
      '--task <name=dir>',
      'a labelled data set to measure with; may be given several times',
      collectTask,
    );
  addBatteryOptions(command);
  addEncoderOptions(command);
  addRunOptions(command);
  addExample(
    command,
    'moat audit encoder.onnx --pool photos --task cifar10=data/cifar10 --preset quick',
  ).action(async (encoder: string | undefined, flags: Record<string, unknown>) => {
    const file = readSettings(context.folder);
    const settings = mergeSettings(file, flagSettings({ ...flags, encoder }));
    // Loaded when needed: the engines behind it take longer than any answer about flags.
    const { startAudit } = await import('./start-audit.ts');
    await startAudit(context, settings, runFlags(flags));
  });
}

/** `--attacks`, `--defenses` and all that shapes the battery; shared by `audit` and `demo`. */
export function addBatteryOptions(command: Command): Command {
  return addPluginOption(addDeviceOptions(command))
    .option('--preset <name>', 'quick, standard, paper or demo')
    .option('--attacks <list>', 'attack configurations, commas between', readList('--attacks'))
    .option(
      '--listed-only',
      'play the attacks named and none besides that a defense must face: a defense that lacks one cannot pass',
    )
    .option('--defenses <list>', 'defense configurations, commas between, + composes', readList('--defenses'))
    .option(
      '--backbone <file>',
      'a public ONNX encoder that the attacker holds (builtin:demo for the built-in one)',
    )
    .option(
      '--surrogate <list>',
      'networks of the stolen copy: small-cnn, resnet18 or resnet34, settings after each (resnet18:inputSize=32:epochs=40:optimizer=lars); initialization=own-ssl begins with SimCLR on the pool, initialization=backbone-frozen or backbone-head trains a map of the frozen public encoder instead',
      readList('--surrogate'),
    )
    .option(
      '--query-policy <list>',
      'which images are sent first: random, k-center, coverage-minimizing',
      readList('--query-policy'),
    )
    .option(
      '--fidelity <list>',
      'measured of every copy beside what always is: transfer (do adversarial examples made on it mislead the victim)',
      readList('--fidelity'),
    )
    .option(
      '--ownership',
      'test of every copy whether its owner could be told (docs/ownership.md); a claim needs 19 independent encoders',
    )
    .option('--zoo <dir>', 'with --ownership: folder of ONNX encoders known to be independent of the victim')
    .option('--private <dir>', 'with --ownership: images the victim was trained on and nobody else was')
    .option('--public <dir>', 'with --private: images of the same kind that no one was trained on')
    .option('--time <duration>', 'fit the most informative battery into a time limit: 30m, 2h')
    .option('--budgets <list>', 'query budgets: 500,2000', readWholes('--budgets'))
    .option('--accounts <list>', 'accounts the attacker holds: 1,5', readWholes('--accounts'))
    .option('--seeds <count>', 'repetitions behind every interval', readWhole('--seeds'))
    .option('--seed <number>', 'seed of everything', readWhole('--seed', 0))
    .option(
      '--fit-rows <count>',
      'rows of each task that probes are fitted on, at most',
      readWhole('--fit-rows', FEWEST_ROWS),
    )
    .option(
      '--score-rows <count>',
      'rows of each task that copies are measured on, at most; detectors see them all',
      readWhole('--score-rows', FEWEST_ROWS),
    )
    .option('--workers <count>', 'cells at a time', readWhole('--workers'))
    .option('--policy <file>', 'what you can live with; the exit code then answers it')
    .option('--price <dollars>', 'US dollars per query', readNumber('--price'))
    .option('--gpu-hour <dollars>', 'US dollars per hour of a thief’s computing', readNumber('--gpu-hour'))
    .option('--account-price <dollars>', 'US dollars per account', readNumber('--account-price'))
    .option('--label-price <dollars>', 'US dollars per label a thief buys', readNumber('--label-price'))
    .option('--training-cost <dollars>', 'what training the encoder cost', readNumber('--training-cost'));
}

export function addRunOptions(command: Command): Command {
  addDatabaseOption(command)
    .option('--out <dir>', 'folder for the report (default: moat-report)')
    .option('--dry-run', 'print cells, queries, time and money, and run nothing')
    .option('--yes', 'start without asking: confirms the spending limit of a service')
    .option('--quiet', 'no progress');
  return addJsonOption(command);
}

export function runFlags(flags: Readonly<Record<string, unknown>>): RunFlags {
  const isSet = (name: string): boolean => flags[name] === true;
  return {
    json: isSet('json'),
    quiet: isSet('quiet'),
    dryRun: isSet('dryRun'),
    yes: isSet('yes'),
    plugins: (flags['plugin'] as readonly string[] | undefined) ?? [],
  };
}

/** The flags that `moat.config.json` may hold too, checked by its schema. */
export function flagSettings(flags: Readonly<Record<string, unknown>>): Settings {
  const { json: _json, quiet: _quiet, dryRun: _dryRun, yes: _yes, plugin: _plugin, ...settings } = flags;
  return checkSettings(settings, 'command line');
}
