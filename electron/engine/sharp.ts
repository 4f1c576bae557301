/**
 * In the place of `audits/datasets/sharp.ts` where the app is built for Electron. On Linux, Electron's program loads the
 * system's GLib and sharp's native build brings another one; the two mix, which breaks GLib's own checks at every image, and
 * with some versions ends the process (electron/electron#46323). There sharp does not find its native build, and takes the
 * one in WebAssembly: the same bytes at about half the speed.
 */
import { registerHooks } from 'node:module';
import process from 'node:process';

const hooks =
  process.platform === 'linux'
    ? registerHooks({
        resolve(specifier, context, next) {
          if (specifier.startsWith('@img/sharp-linux'))
            throw new Error(`${specifier} is not for Electron's program.`);
          return next(specifier, context);
        },
      })
    : undefined;
const { default: sharp } = await import('sharp');
hooks?.deregister();

export default sharp;
