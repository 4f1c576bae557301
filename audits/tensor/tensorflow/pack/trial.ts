import process from 'node:process';
import { MoatError } from '../../../contract/errors.ts';
import { runProgram } from './run-program.ts';

/** Adds 1 and 2 with the binding alone. */
const program = `
  const binding = require(process.argv[1]);
  const one = binding.createTensor([1], binding.TF_FLOAT, Float32Array.of(1));
  const two = binding.createTensor([1], binding.TF_FLOAT, Float32Array.of(2));
  const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const [sum] = binding.executeOp('AddV2', [type], [one, two], 1);
  process.stdout.write(String(binding.tensorDataSync(sum.id)[0]));
`;

/**
 * Computes with a fresh pack in a process of its own, where a library that aborts takes nothing with it.
 * @throws MoatError engine-build-failed
 */
export async function checkLoads(binding: string, signal: AbortSignal): Promise<void> {
  const args = ['--no-deprecation', '-e', program, binding];
  try {
    const stdout = await runProgram(process.execPath, args, {
      signal,
      environment: { TF_CPP_MIN_LOG_LEVEL: '3' },
    });
    if (stdout !== '3') throw new Error(`1 + 2 gave ${stdout}`);
  } catch (cause) {
    const { stderr } = cause as { readonly stderr?: string };
    const line = stderr?.split('\n').find((each) => each.startsWith('Error:')) ?? String(cause);
    throw new MoatError(
      'engine-build-failed',
      `The engine was built but does not work here: ${line.trim()}`,
      {
        cause,
        details: { stderr: stderr ?? '' },
      },
    );
  }
}
