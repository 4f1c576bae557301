/**
 * The engine's side of a benchmark, a process of its own: opens one workload, then computes one timed block whenever
 * it is told to. Reads a JSON message per line on stdin and answers with one line on stdout, as build/bench/python/side.py.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { encodeNpy } from '../datasets/npy-encode.ts';
import { systemClock } from '../run/system-clock.ts';
import { openCandidate } from './candidates.ts';
import { ANSWER_PREFIX, messageSchema, type Block, type Message, type Opened } from './protocol.ts';
import { openWorkload, type OpenWorkload } from './workload.ts';

let open: OpenWorkload | undefined;

async function openSide(message: Extract<Message, { do: 'open' }>): Promise<Opened> {
  const engine = await openCandidate(message);
  const workload = await openWorkload(message.workload, engine);
  open = workload;
  if (message.writeArrays) {
    mkdirSync(message.folder, { recursive: true });
    for (const [name, array] of Object.entries(workload.arrays))
      writeFileSync(path.join(message.folder, `${encodeURIComponent(name)}.npy`), encodeNpy(array));
  }
  const check = await workload.check();
  return { check: [...check], versions: { node: process.versions.node, engine: engine.numericsClass } };
}

/** Runs the workload until the time is up, once at least. */
async function timeBlock(workload: OpenWorkload, seconds: number): Promise<Block> {
  const startedMs = systemClock.monotonicMs();
  const processor = process.cpuUsage();
  const elapsed = (): number => (systemClock.monotonicMs() - startedMs) / 1000;
  let runs = 0;
  let units = 0;
  while (runs === 0 || elapsed() < seconds) {
    units += await workload.run();
    runs += 1;
  }
  const { user, system } = process.cpuUsage(processor);
  return {
    runs,
    units,
    seconds: elapsed(),
    processorSeconds: (user + system) / 1e6,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

async function answerTo(message: Message): Promise<Opened | Block> {
  if (message.do === 'open') return openSide(message);
  if (open === undefined) throw new RangeError('a block was asked for before a workload was opened');
  return timeBlock(open, message.seconds);
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = messageSchema.parse(JSON.parse(line));
  const answer = await answerTo(message).catch((thrown: unknown) => ({
    error: thrown instanceof Error ? thrown.message : String(thrown),
  }));
  process.stdout.write(`${ANSWER_PREFIX}${JSON.stringify(answer)}\n`);
}
process.exit(0);
