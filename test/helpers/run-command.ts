import type { Registration } from '../../audits/cli/program.ts';
import type { CommandContext } from '../../audits/cli/context.ts';
import { createProgram } from '../../audits/cli/program.ts';
import { plainPaint } from '../../audits/cli/render/view.ts';

export interface RanCommand {
  readonly text: string;
  /** What went to stderr. */
  readonly notes: readonly string[];
  readonly json: unknown;
  readonly exitCode: number;
}

/** Runs a command of the command line in this process: what it printed and how it would end. Errors are thrown. */
export async function runCommand(
  registration: Registration,
  args: readonly string[],
  options: { readonly folder: string; readonly now: string },
): Promise<RanCommand> {
  const lines: string[] = [];
  const notes: string[] = [];
  let json: unknown;
  const view = { columns: 100, paint: plainPaint };
  const context: CommandContext = {
    terminal: {
      output: view,
      progress: view,
      hasLiveProgress: false,
      print: (line) => void lines.push(line),
      printJson: (value) => void (json = JSON.parse(JSON.stringify(value))),
      note: (line) => void notes.push(line),
      writeProgress: () => undefined,
    },
    clock: { now: () => Date.parse(options.now), monotonicMs: () => 0 },
    moatVersion: '0.1.0',
    folder: options.folder,
    exitCode: 0,
    logFile: null,
  };
  await createProgram(context, [registration]).parseAsync([...args], { from: 'user' });
  return { text: lines.join('\n'), notes, json, exitCode: context.exitCode };
}
