import { env, InferenceSession } from 'onnxruntime-node';

// The runtime writes its own diagnostics to stderr; what matters reaches the caller as an exception.
env.logLevel = 'fatal';
const FATAL = 4;

/** One place for the settings on which the numbers depend. Creation blocks the calling thread. */
export async function createSession(
  source: string | Uint8Array,
  threads: number,
  extra: InferenceSession.SessionOptions = {},
): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: FATAL,
    ...extra,
  };
  return typeof source === 'string'
    ? InferenceSession.create(source, options)
    : InferenceSession.create(source, options);
}

/** `major.minor` of the runtime: patch releases are taken to compute the same. */
export function runtimeVersion(): string {
  return (env.versions.node ?? 'unknown').split('.').slice(0, 2).join('.');
}
