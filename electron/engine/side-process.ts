import type { z } from 'zod';
import { blockSchema, failureSchema, openedSchema, type Message } from '../../audits/bench/protocol.ts';
import type { Side, SideCommand } from '../../audits/bench/side-process.ts';
import { processesOfParent } from './parent-processes.ts';

const sides = processesOfParent<Message, unknown>('side');

/** Which process it is, the main process says. */
export const engineSide: SideCommand = { command: '', args: [] };

/** In the place of `audits/bench/side-process.ts` where the app is built for Electron: a side in a utility process. */
export function startSide(): Side {
  const child = sides().start();
  let settle: ((answer: unknown) => void) | undefined;
  child.listen((answer) => settle?.(answer));

  async function ask<Schema extends z.ZodType>(message: Message, schema: Schema): Promise<z.infer<Schema>> {
    const answered = new Promise<unknown>((resolve) => (settle = resolve));
    const died = child.ended.then((reason) => ({ error: `the process ended without an answer: ${reason}` }));
    child.send(message);
    const answer = await Promise.race([answered, died]);
    const failure = failureSchema.safeParse(answer);
    if (failure.success) throw new Error(failure.data.error);
    return schema.parse(answer);
  }

  return {
    open: (message) => ask({ do: 'open', ...message }, openedSchema),
    block: (seconds) => ask({ do: 'block', seconds }, blockSchema),
    async end() {
      child.disconnect();
      await child.ended;
    },
  };
}
