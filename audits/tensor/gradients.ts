import { registerHooks, type RegisterHooksOptions } from 'node:module';

const withExtensions: RegisterHooksOptions = {
  resolve(specifier, context, next) {
    const isInside = context.parentURL?.includes('/@tensorflow/tfjs-core/dist/') === true;
    if (!isInside || !specifier.startsWith('.')) return next(specifier, context);
    try {
      return next(`${specifier}.js`, context);
    } catch {
      return next(`${specifier}/index.js`, context);
    }
  },
};

/**
 * Registers TensorFlow.js' gradients. Its bundle for Node leaves them out, and the module that has them imports
 * its neighbors without file extensions, which bundlers resolve and Node does not: for the length of that one
 * import, Node is told how. The gradients land in the registry that all copies of tfjs-core in a process share.
 * They are four hundred modules, more than half the time in which a command line starts: asked for by what computes.
 */
export async function registerGradients(): Promise<void> {
  const hooks = registerHooks(withExtensions);
  await import('@tensorflow/tfjs-core/dist/register_all_gradients.js');
  hooks.deregister();
}
