import { statSync } from 'node:fs';
import path from 'node:path';

export const DATABASE_EXTENSION = '.moat';

/** The database among the words a system starts a program with, where it is there. What is in it is the engine's to judge. */
export function databaseAmong(words: readonly string[], folder: string): string | undefined {
  return words
    .filter((word) => path.extname(word).toLowerCase() === DATABASE_EXTENSION && !word.startsWith('-'))
    .map((word) => path.resolve(folder, word))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false);
}
