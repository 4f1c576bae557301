import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { endpointSchema } from '../contract/endpoint.ts';
import { confirmAsking } from './confirm.ts';
import type { Terminal } from './terminal.ts';

const endpoint = endpointSchema.parse({
  request: { body: { kind: 'raw' } },
  image: { size: 32 },
  response: { vectors: '' },
  pricePerImage: 0.002,
  maxSpend: 3,
});

/** Ctrl-D instead of an answer. */
const CLOSED = 'closed';

/** Asks with somebody at the keyboard who types `answer`, or with nobody there. */
async function ask(answer: string | undefined, flags: { yes: boolean; quiet: boolean }): Promise<string> {
  const notes: string[] = [];
  const input = Object.assign(new PassThrough(), { isTTY: answer !== undefined });
  if (answer !== undefined) input.end(answer === CLOSED ? '' : `${answer}\n`);
  const terminal = { note: (line: string) => void notes.push(line) } as unknown as Terminal;
  await confirmAsking(
    { terminal },
    { encoder: 'https://example.com/embed', endpoint },
    { imagesToAsk: 1500 },
    flags,
    input as unknown as NodeJS.ReadStream,
  );
  return notes.join();
}

describe('before a service is asked', () => {
  test.each(['y', 'YES'])('"%s" at the keyboard confirms, after the sums were shown', async (answer) => {
    const shown = await ask(answer, { yes: false, quiet: true });
    expect(shown).toMatch(/https:\/\/example.com\/embed is asked for at most 1.500 images/);
    for (const sum of ['$3.00 at', '$0.002', 'limit of $3.00']) expect(shown).toContain(sum);
  });

  test.each(['', 'n', 'yes please', CLOSED])('"%s" does not', async (answer) => {
    await expect(ask(answer, { yes: false, quiet: false })).rejects.toMatchObject({
      code: 'endpoint-not-confirmed',
    });
  });

  test('without a keyboard only --yes does', async () => {
    await expect(ask(undefined, { yes: false, quiet: false })).rejects.toMatchObject({
      code: 'endpoint-not-confirmed',
    });
    expect(await ask(undefined, { yes: true, quiet: false })).toMatch(/asked for/);
    expect(await ask(undefined, { yes: true, quiet: true })).toBe('');
  });
});
