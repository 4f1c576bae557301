/**
 * The engine's side of a benchmark, a process of its own: opens one workload, then computes one timed block whenever
 * it is told to. Reads a JSON message per line on stdin and answers with one line on stdout, as build/bench/python/side.py.
 */
import process from 'node:process';
import { createInterface } from 'node:readline';
import { answerSide } from './answer-side.ts';
import { ANSWER_PREFIX } from './protocol.ts';

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await answerSide(JSON.parse(line));
  process.stdout.write(`${ANSWER_PREFIX}${JSON.stringify(answer)}\n`);
}
process.exit(0);
