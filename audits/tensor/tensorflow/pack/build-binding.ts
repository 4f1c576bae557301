import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { MoatError } from '../../../contract/errors.ts';
import { BINDING_FILE } from './manifest.ts';
import { nodeApiHeaders } from './node-headers.ts';
import type { BuildTools } from './requirements.ts';
import { runProgram } from './run-program.ts';

/** The Node-API version that the binding is written for. */
const NAPI_VERSION = 8;

/**
 * Compiles the binding of @tensorflow/tfjs-node-gpu: two files, one compiler call, what its binding.gyp says for
 * Linux. node-gyp would bring Python, make and a hundred packages to the same call.
 * @param pack has `lib/`; the binding is written beside it and finds the libraries there
 * @param scratch has the headers in `include/`; what the compiler keeps for a moment lies there too
 * @throws MoatError engine-build-failed
 */
export async function buildBinding(
  tools: BuildTools,
  pack: string,
  scratch: string,
  signal: AbortSignal,
): Promise<void> {
  const libraries = path.join(pack, 'lib');
  const nodeHeaders = copyFiles(tools.nodeHeaders, nodeApiHeaders, path.join(scratch, 'node-api'));
  const sources = copyFiles(tools.sources, readdirSync(tools.sources), path.join(scratch, 'sources'));
  const args = [
    '-std=c++17',
    '-O2',
    '-fPIC',
    '-shared',
    `-DNAPI_VERSION=${NAPI_VERSION}`,
    '-DNODE_GYP_MODULE_NAME=tfjs_binding',
    '-DBUILDING_NODE_EXTENSION',
    `-I${nodeHeaders}`,
    `-I${path.join(scratch, 'include')}`,
    path.join(sources, 'tfjs_backend.cc'),
    path.join(sources, 'tfjs_binding.cc'),
    '-o',
    path.join(pack, BINDING_FILE),
    `-L${libraries}`,
    '-l:libtensorflow_cc.so.2',
    '-l:libtensorflow_framework.so.2',
    '-Wl,-rpath,$ORIGIN/lib',
  ];
  try {
    await runProgram(tools.compiler, args, { signal, environment: { TMPDIR: scratch } });
  } catch (cause) {
    const { stderr } = cause as { readonly stderr?: string };
    const line = stderr?.split('\n').find((each) => /error/i.test(each)) ?? String(cause);
    throw new MoatError(
      'engine-build-failed',
      `${tools.compiler} could not build the binding: ${line.trim()}`,
      {
        cause,
        details: { stderr: stderr ?? '' },
      },
    );
  }
}

/** The desktop app's own files may lie in an archive, where no compiler finds them. @returns the folder they are now in */
function copyFiles(from: string, names: readonly string[], to: string): string {
  mkdirSync(to);
  for (const name of names) writeFileSync(path.join(to, name), readFileSync(path.join(from, name)));
  return to;
}
