import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { z } from 'zod';
import {
  ANSWER_PREFIX,
  blockSchema,
  failureSchema,
  openedSchema,
  type Block,
  type Message,
  type Opened,
} from './protocol.ts';

/** A long-lived process that computes only when it is told to. */
export interface Side {
  /** @throws Error with the side's own sentence */
  open(message: Omit<Extract<Message, { do: 'open' }>, 'do'>): Promise<Opened>;
  block(seconds: number): Promise<Block>;
  end(): Promise<void>;
}

export interface SideCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Node itself on side.ts. */
export const engineSide: SideCommand = {
  command: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'side.ts')],
};

/** What a side said last on stderr, kept for the message when it dies. */
const LAST_WORDS = 2000;

export function startSide({ command, args, env = {} }: SideCommand): Side {
  const child = spawn(command, [...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let lastWords = '';
  child.stderr.on('data', (text: Buffer) => {
    lastWords = (lastWords + text.toString()).slice(-LAST_WORDS);
  });
  let startFailure: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    child.on('exit', () => resolve());
    child.on('error', (error) => {
      startFailure = error;
      resolve();
    });
  });
  // Writing to a side that has died is reported by its missing answer.
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function ask<Schema extends z.ZodType>(message: Message, schema: Schema): Promise<z.infer<Schema>> {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
      if (!next.value.startsWith(ANSWER_PREFIX)) continue;
      const answer: unknown = JSON.parse(next.value.slice(ANSWER_PREFIX.length));
      const failure = failureSchema.safeParse(answer);
      if (failure.success) throw new Error(failure.data.error);
      return schema.parse(answer);
    }
    await ended;
    throw new Error(startFailure?.message ?? `the process ended without an answer: ${lastWords.trim()}`);
  }

  return {
    open: (message) => ask({ do: 'open', ...message }, openedSchema),
    block: (seconds) => ask({ do: 'block', seconds }, blockSchema),
    async end() {
      child.stdin.end();
      await ended;
    },
  };
}
