import path from 'node:path';

/** Names the demo in configurations, where a path would stand. */
const BUILTIN_DEMO = 'builtin:demo';

/**
 * The file behind a configured encoder: the demo's own small encoder (trained by `npm run train:demo`) or the path itself.
 */
export function encoderFile(encoder: string): string {
  return encoder === BUILTIN_DEMO ? path.join(import.meta.dirname, 'demo-encoder.onnx') : encoder;
}
