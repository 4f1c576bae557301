import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import type { Benchmark } from './benchmark.ts';
import type { Opened } from './protocol.ts';
import type { BenchmarkResult, SideResult } from './result.ts';
import { startSide, type Side, type SideCommand } from './side-process.ts';

/** One that takes part in a benchmark. */
export interface Contestant {
  readonly name: string;
  readonly isReference: boolean;
  readonly command: SideCommand;
  readonly engine: string;
  readonly device: string;
  readonly threads: number;
}

export interface RoundSettings {
  readonly rounds: number;
  /** Of one block; a block is one run at least. */
  readonly seconds: number;
}

/** Thread pools of a side that has just stopped may spin on for a moment, on the cores of the next one. */
const SETTLE_MS = 200;

interface Running {
  readonly contestant: Contestant;
  readonly side: Side;
  readonly opened: Opened | null;
  readonly result: SideResult;
}

/**
 * Opens the workload on every side, then lets them compute in turns, A B B A A B ..., one at a time: whatever else the
 * machine does meets all of them, and none always comes first.
 * A side that fails keeps its sentence in the result; the others go on.
 * @param onStage told what begins; for progress
 */
export async function runBenchmark(
  benchmark: Benchmark,
  contestants: readonly Contestant[],
  { rounds, seconds }: RoundSettings,
  onStage: (sentence: string) => void,
): Promise<BenchmarkResult> {
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-bench-'));
  const running: Running[] = [];
  try {
    for (const contestant of contestants) {
      onStage(`opening ${contestant.name}`);
      const first = running.find((one) => one.opened !== null)?.opened;
      running.push(await open(benchmark, contestant, folder, first?.check));
    }
    for (let round = 0; round < rounds; round++) {
      onStage(`round ${round + 1} of ${rounds}`);
      for (const one of round % 2 === 0 ? running : running.toReversed()) await computeBlock(one, seconds);
    }
  } finally {
    await Promise.all(running.map(({ side }) => side.end()));
    rmSync(folder, { recursive: true, force: true });
  }
  const { id, title, unit, workload } = benchmark;
  return { id, title, unit, workload, sides: running.map(({ result }) => result) };
}

async function open(
  benchmark: Benchmark,
  contestant: Contestant,
  folder: string,
  reference: readonly number[] | undefined,
): Promise<Running> {
  const { name, isReference, engine, device } = contestant;
  const threads = benchmark.threads ?? contestant.threads;
  const side = startSide(contestant.command);
  const base = { name, device, isReference, threads, blocks: [], failure: null };
  try {
    const opened = await side.open({
      workload: benchmark.workload,
      engine,
      device,
      threads,
      folder,
      writeArrays: reference === undefined,
      reference: [...(reference ?? [])],
    });
    const result = { ...base, versions: opened.versions, check: opened.check };
    return { contestant, side, opened, result };
  } catch (thrown) {
    const result = { ...base, versions: {}, check: [], failure: sentence(thrown) };
    return { contestant, side, opened: null, result };
  }
}

async function computeBlock({ side, result }: Running, seconds: number): Promise<void> {
  if (result.failure !== null) return;
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  try {
    const before = busySeconds();
    const block = await side.block(seconds);
    const othersSeconds = Math.max(0, busySeconds() - before - block.processorSeconds);
    result.blocks.push({ ...block, othersSeconds });
  } catch (thrown) {
    result.failure = sentence(thrown);
  }
}

/** Processor time that the whole machine has spent since its start; zero where the system does not tell. */
function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

function sentence(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
