/**
 * Runs a built main process under Node, with the stand-in in Electron's place.
 *
 * usage: node run-main.ts MAIN [WORD ...]
 */
import { registerHooks } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';

const standIn = new URL('./electron.ts', import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: standIn, shortCircuit: true } : next(specifier, context),
});
const main = process.argv[2];
if (main === undefined) throw new Error('usage: node run-main.ts MAIN [WORD ...]');
process.argv.splice(1, 1);

const electron = await import('./electron.ts');
await import(pathToFileURL(main).href);
// As in Electron: not ready before the app's own code has been loaded.
electron.app.becomeReady();

process.on('message', ({ number, code }: { number: number; code: string }) => {
  const answer = (outcome: object): void => void process.send?.({ number, ...outcome });
  const run = runInThisContext(`(${code})`) as (...values: unknown[]) => unknown;
  Promise.resolve()
    .then(() => run(electron))
    .then(
      (result) => answer({ result }),
      (error: unknown) => answer({ error: String(error) }),
    );
});
process.on('disconnect', () => process.exit(0));
