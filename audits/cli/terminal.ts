import { jsonText } from '../contract/clean-text.ts';
import { viewOf, type View } from './render/view.ts';

/** The command line's two streams: results on stdout, everything else on stderr. */
export interface Terminal {
  readonly output: View;
  readonly progress: View;
  readonly hasLiveProgress: boolean;
  /** One line of the result. */
  print(line: string): void;
  /** The one JSON value of `--json`. */
  printJson(value: unknown): void;
  /** One line for people on stderr. */
  note(line: string): void;
  /** As it stands, for cursor movements. */
  writeProgress(text: string): void;
}

export function createTerminal(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Terminal {
  return {
    output: viewOf(stdout),
    get progress() {
      // Read anew: a window may be resized while an audit runs.
      return viewOf(stderr);
    },
    hasLiveProgress: stderr.isTTY && process.env['TERM'] !== 'dumb',
    print: (line) => void stdout.write(`${line}\n`),
    printJson: (value) => void stdout.write(`${jsonText(value)}\n`),
    note: (line) => void stderr.write(`${line}\n`),
    writeProgress: (text) => void stderr.write(text),
  };
}
