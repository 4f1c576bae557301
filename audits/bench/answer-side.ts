import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { encodeNpy } from '../datasets/npy-encode.ts';
import { systemClock } from '../run/system-clock.ts';
import { openCandidate } from './candidates.ts';
import { messageSchema, type Block, type Message, type Opened } from './protocol.ts';
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

/** What a side answers to a message, whichever way it came: opens one workload, then computes a timed block per message. */
export async function answerSide(message: unknown): Promise<Opened | Block | { readonly error: string }> {
  try {
    return await answerTo(messageSchema.parse(message));
  } catch (thrown) {
    return { error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

async function answerTo(message: Message): Promise<Opened | Block> {
  if (message.do === 'open') return openSide(message);
  if (open === undefined) throw new RangeError('a block was asked for before a workload was opened');
  return timeBlock(open, message.seconds);
}
