/** Where the time of one compiled training step goes, by onnxruntime's own profiler, per operator and per node. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import { compileStep } from '../../audits/tensor/onnx/compile.ts';
import { benchmarkStep, findNetwork, stepDefaults } from '../../audits/bench/networks.ts';
import { summarizeProfile, type ProfileSummary } from './profile-summary.ts';

const WARM_UP_STEPS = 2;

export interface ProfileRequest {
  readonly network: string;
  readonly batchSize: number;
  readonly threads: number;
  readonly steps: number;
  /** Where the runtime's own file is kept, for chrome://tracing or Perfetto. */
  readonly keep?: string | undefined;
}

export async function profileStep(request: ProfileRequest): Promise<ProfileSummary> {
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-profile-'));
  try {
    const { definition, inputs } = benchmarkStep(findNetwork(request.network), {
      ...stepDefaults,
      batchSize: request.batchSize,
    });
    const compiled = await compileStep(definition, request.threads, {
      session: { enableProfiling: true, profileFilePrefix: path.join(folder, 'step') },
    });
    for (let step = 0; step < WARM_UP_STEPS + request.steps; step++) await compiled.run(inputs(step));
    // The runtime writes the rest of the file when the session ends.
    await compiled.dispose();
    const file = readdirSync(folder)[0];
    if (file === undefined) throw new Error('the runtime wrote no profile');
    const written = path.join(folder, file);
    if (request.keep !== undefined) copyFileSync(written, request.keep);
    return summarizeProfile(readFileSync(written, 'utf8'), request.steps);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const result = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  result.push(...rows.map((row) => [...row]));
  return result.toString();
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export function renderProfile(summary: ProfileSummary, top: number): string {
  const { operators, nodes, stepMilliseconds, nodeMilliseconds, steps } = summary;
  return [
    `${stepMilliseconds.toFixed(1)} ms per step over ${steps} steps, ${nodeMilliseconds.toFixed(1)} ms of it inside nodes`,
    table(
      ['operator', 'ms/step', 'share', 'nodes'],
      operators.map((row) => [
        row.operator,
        row.milliseconds.toFixed(2),
        percent(row.share),
        row.nodes.toFixed(0),
      ]),
    ),
    table(
      ['node', 'ms/step', 'share', 'inputs -> outputs'],
      nodes
        .slice(0, top)
        .map((row) => [
          row.name === '' ? row.operator : row.name,
          row.milliseconds.toFixed(2),
          percent(row.share),
          row.shapes,
        ]),
    ),
  ].join('\n');
}
