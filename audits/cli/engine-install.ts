import { Option, type Command } from 'commander';
import { cleanText } from '../contract/clean-text.ts';
import { exitCode, MoatError } from '../contract/errors.ts';
import { commandName } from './command-name.ts';
import { resolvePath, type CommandContext } from './context.ts';
import { addExample, addJsonOption, readChoice } from './flags.ts';
import { untilStopped } from './signals.ts';

/** Takes a line away that is written over. */
const ERASED_LINE = '\r\u001b[K';

interface InstallFlags {
  readonly from?: string;
  readonly gpu?: boolean;
  readonly stock?: boolean;
  readonly json?: boolean;
}

export function registerEngineInstall(engine: Command, context: CommandContext): void {
  const command = engine
    .command('install')
    .summary('install an engine (1 GB of disk)')
    .description(
      'Installs the tensorflow engine for this user: takes libtensorflow out of its Python wheel, builds the binding, tries it. Python is needed only to fetch the wheel, with pip. Ctrl-C cancels it, and nothing of it is kept.',
    )
    .argument('<engine>', 'tensorflow', readChoice('install', ['tensorflow']))
    .option('--from <path>', 'a wheel of tensorflow-cpu, or a folder that holds one: nothing is fetched')
    .option('--gpu', 'for NVIDIA GPUs: the wheel of tensorflow; CUDA 12 and cuDNN 9 must be installed');
  command.addOption(
    new Option(
      '--stock',
      'let @tensorflow/tfjs-node-gpu download libtensorflow 2.9.1 itself: needs no pip and no compiler, knows no recent GPU',
    ).conflicts('from'),
  );
  addJsonOption(command);
  addExample(command, 'moat engine install tensorflow --from tensorflow_cpu.whl').action(
    (_name: string, flags: InstallFlags) =>
      untilCancelled(context, (signal) => install(context, flags, signal)),
  );
}

async function install(context: CommandContext, flags: InstallFlags, signal: AbortSignal): Promise<void> {
  const { enginesFolder, tensorflowFolder } = await import('../tensor/tensorflow/pack/folder.ts');
  const { installPack, installStockPack } = await import('../tensor/tensorflow/pack/install.ts');
  const { findWholePack } = await import('../tensor/tensorflow/pack/manifest.ts');
  const { TENSORFLOW_VERSION } = await import('../tensor/tensorflow/pack/releases.ts');
  const { terminal } = context;
  const engines = enginesFolder();
  const folder = tensorflowFolder(engines);
  const variant = flags.gpu === true ? 'gpu' : 'cpu';
  const present = flags.from === undefined && flags.stock !== true ? await findWholePack(folder) : null;
  if (present?.variant === variant && present.version === TENSORFLOW_VERSION) {
    if (flags.json === true) terminal.printJson({ folder, ...present });
    else terminal.print(`The tensorflow engine (libtensorflow ${present.version}) is already in ${folder}.`);
    return;
  }
  const note = (sentence: string): void => terminal.note(cleanText(sentence));
  const manifest =
    flags.stock === true
      ? await installStockPack({ variant, engines, note, signal })
      : await installPack({
          variant,
          from: flags.from === undefined ? undefined : resolvePath(context, flags.from),
          engines,
          note,
          progress: percentLine(context),
          signal,
        });
  if (flags.json === true) terminal.printJson({ folder, ...manifest });
  else {
    terminal.print(`The tensorflow engine (libtensorflow ${manifest.version}) is installed in ${folder}.`);
    terminal.print(`Remove it with: ${commandName} engine remove tensorflow`);
  }
}

/** Says that it was cancelled, where it was: being told to stop is no error. */
async function untilCancelled(
  context: CommandContext,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { clock, terminal } = context;
  try {
    await untilStopped(clock, work);
  } catch (thrown) {
    if (!(thrown instanceof MoatError) || thrown.code !== 'cancelled') throw thrown;
    if (terminal.hasLiveProgress) terminal.writeProgress(ERASED_LINE);
    terminal.note('stopped: the installation was cancelled, and nothing of it was kept');
    context.exitCode = exitCode.cancelled;
  }
}

/** One line that is written over, on a terminal only. */
function percentLine({ terminal }: CommandContext): (share: number) => void {
  let shown = -1;
  return (share) => {
    const percent = Math.floor(share * 100);
    if (!terminal.hasLiveProgress || percent === shown) return;
    shown = percent;
    terminal.writeProgress(percent === 100 ? ERASED_LINE : `\r${percent} %`);
  };
}
