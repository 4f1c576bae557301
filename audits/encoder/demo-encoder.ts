import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Names the demo in configurations, where a path would stand. */
export const builtinDemo = 'builtin:demo';

/**
 * The file behind a configured encoder: the demo's own small encoder (trained by `npm run train:demo`) or the path itself.
 */
export function encoderFile(encoder: string): string {
  if (encoder !== builtinDemo) return encoder;
  // In a packaged app our folder is an archive; onnxruntime opens the copy that lies beside it.
  return path
    .join(import.meta.dirname, 'demo-encoder.onnx')
    .replace(/([/\\]app\.asar)([/\\])/, '$1.unpacked$2');
}

/** Of the demo encoder with which cells were made before any key named it. */
export const FIRST_DEMO_DIGEST = '9df5f43118b467c39f3276066e840889dcc047f2bcc38277f7d02e38360f8fc9';

let digest: string | undefined;

/** SHA-256 (hex) of the demo encoder's file, which holds its output and preprocessing too. */
export function demoDigest(): string {
  digest ??= createHash('sha256')
    .update(readFileSync(encoderFile(builtinDemo)))
    .digest('hex');
  return digest;
}
