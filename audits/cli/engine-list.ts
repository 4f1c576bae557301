import type { Command } from 'commander';
import { MoatError } from '../contract/errors.ts';
import { commandName } from './command-name.ts';
import type { CommandContext } from './context.ts';
import { addExample, addJsonOption } from './flags.ts';

interface EngineEntry {
  readonly engine: string;
  readonly state: 'ready' | 'not installed' | 'damaged';
  readonly sentence: string;
}

export function registerEngineList(engine: Command, context: CommandContext): void {
  const command = engine
    .command('list')
    .summary('the engines and whether their files are whole')
    .description('Lists the training engines; of an installed one every file is compared with its hash.');
  addJsonOption(command);
  addExample(command, 'moat engine list').action(async (flags: { readonly json?: boolean }) => {
    const entries: readonly EngineEntry[] = [
      { engine: 'onnx', state: 'ready', sentence: 'comes with Moat' },
      await tensorflowEntry(),
      { engine: 'reference', state: 'ready', sentence: 'comes with Moat; slow, for comparison' },
    ];
    if (flags.json === true) context.terminal.printJson(entries);
    else
      for (const { engine: id, state, sentence } of entries)
        context.terminal.print(`${id.padEnd(12)}${state.padEnd(15)}${sentence}`);
  });
}

async function tensorflowEntry(): Promise<EngineEntry> {
  const { tensorflowFolder } = await import('../tensor/tensorflow/pack/folder.ts');
  const { changedFiles, requirePack } = await import('../tensor/tensorflow/pack/manifest.ts');
  const engine = 'tensorflow';
  const folder = tensorflowFolder();
  const install = `${commandName} engine install tensorflow`;
  try {
    const manifest = requirePack(folder);
    const [changed] = await changedFiles(folder, manifest);
    if (changed !== undefined)
      return { engine, state: 'damaged', sentence: `${changed} has changed; install it again: ${install}` };
    const device = manifest.variant === 'gpu' ? 'NVIDIA GPUs' : 'CPU';
    return {
      engine,
      state: 'ready',
      sentence: `libtensorflow ${manifest.version} for ${device}, in ${folder}`,
    };
  } catch (thrown) {
    if (!(thrown instanceof MoatError)) throw thrown;
    if (thrown.code === 'engine-not-installed')
      return { engine, state: 'not installed', sentence: `install it with: ${install}` };
    return { engine, state: 'damaged', sentence: `${thrown.message} Install it again: ${install}` };
  }
}
