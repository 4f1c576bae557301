import path from 'node:path';

/** Names the demo in configurations, where a path would stand. */
export const builtinDemo = 'builtin:demo';

/**
 * The file behind a configured encoder: the demo's own small encoder (trained by `npm run train:demo`) or the path itself.
 */
export function encoderFile(encoder: string): string {
  return encoder === builtinDemo ? path.join(import.meta.dirname, 'demo-encoder.onnx') : encoder;
}
