import { Option, type Command } from 'commander';
import { cleanText } from '../contract/clean-text.ts';
import { commandName } from './command-name.ts';
import { resolvePath, type CommandContext } from './context.ts';
import { addExample, addJsonOption, readChoice } from './flags.ts';

export function registerEngineInstall(engine: Command, context: CommandContext): void {
  const command = engine
    .command('install')
    .summary('install an engine (1 GB of disk)')
    .description(
      'Installs the tensorflow engine for this user: takes libtensorflow out of its Python wheel, builds the binding, tries it. Python is needed only to fetch the wheel, with pip.',
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
    async (
      _name: string,
      flags: {
        readonly from?: string;
        readonly gpu?: boolean;
        readonly stock?: boolean;
        readonly json?: boolean;
      },
    ) => {
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
        else
          terminal.print(`The tensorflow engine (libtensorflow ${present.version}) is already in ${folder}.`);
        return;
      }
      const note = (sentence: string): void => terminal.note(cleanText(sentence));
      const manifest =
        flags.stock === true
          ? await installStockPack({ variant, engines, note })
          : await installPack({
              variant,
              from: flags.from === undefined ? undefined : resolvePath(context, flags.from),
              engines,
              note,
              progress: percentLine(context),
            });
      if (flags.json === true) terminal.printJson({ folder, ...manifest });
      else {
        terminal.print(
          `The tensorflow engine (libtensorflow ${manifest.version}) is installed in ${folder}.`,
        );
        terminal.print(`Remove it with: ${commandName} engine remove tensorflow`);
      }
    },
  );
}

/** One line that is written over, on a terminal only. */
function percentLine({ terminal }: CommandContext): (share: number) => void {
  let shown = -1;
  return (share) => {
    const percent = Math.floor(share * 100);
    if (!terminal.hasLiveProgress || percent === shown) return;
    shown = percent;
    terminal.writeProgress(percent === 100 ? '\r\u001b[K' : `\r${percent} %`);
  };
}
