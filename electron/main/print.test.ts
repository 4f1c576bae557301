import { expect, test } from 'vitest';
import { createPrinter } from './print.ts';

type Handler = (request: { readonly url: string }) => Response;

function world(print: () => Promise<Buffer>) {
  let handler: Handler | undefined;
  const preferences: object[] = [];
  const log: string[] = [];
  class Window {
    readonly webContents = {
      executeJavaScript: () => Promise.resolve(),
      printToPDF: (options: object) => {
        log.push(JSON.stringify(options));
        return print();
      },
    };
    constructor(options: { readonly show: boolean; readonly webPreferences: object }) {
      expect(options.show).toBe(false);
      preferences.push(options.webPreferences);
    }
    async loadURL(address: string): Promise<void> {
      const answer = handler?.({ url: address });
      log.push(`${answer?.headers.get('content-security-policy')} ${await answer?.text()}`);
    }
    destroy(): void {
      log.push('destroyed');
    }
  }
  const session = { protocol: { handle: (_scheme: string, given: Handler) => void (handler = given) } };
  const printer = createPrinter({
    BrowserWindow: Window as never,
    session: session as never,
    after: () => () => undefined,
  });
  return { printer, preferences, log, ask: (url: string) => handler?.({ url }) };
}

test('a report is printed in a sandboxed window of its own session, whose page may run and load nothing', async () => {
  const { printer, preferences, log, ask } = world(() => Promise.resolve(Buffer.from('%PDF')));
  expect(await printer('<p>report</p>')).toEqual(Buffer.from('%PDF'));
  expect(preferences).toMatchObject([{ sandbox: true, contextIsolation: true, nodeIntegration: false }]);
  expect(preferences[0]).toHaveProperty('session');
  expect(preferences[0]).not.toHaveProperty('preload');
  expect(log[0]).toMatch(/^default-src 'none'; .*<p>report<\/p>$/);
  expect(log[0]).not.toMatch(/script-src|https?:/);
  expect(JSON.parse(log[1] ?? '')).toMatchObject({ generateTaggedPDF: true, generateDocumentOutline: true });
  expect(log.at(-1)).toBe('destroyed');
  expect(ask('moat-print://other/')?.status).toBe(404);
  expect(await ask('moat-print://report/')?.text()).toBe('');
});

test('reports are printed one after the other, and one that fails does not stop the next', async () => {
  let call = 0;
  const { printer, log } = world(() =>
    ++call === 1 ? Promise.reject(new Error('no')) : Promise.resolve(Buffer.from('2')),
  );
  const [first, second] = [printer('1'), printer('2')];
  await expect(first).rejects.toMatchObject({ code: 'browser-failed' });
  expect(await second).toEqual(Buffer.from('2'));
  expect(log.filter((line) => line === 'destroyed').length).toBe(2);
});
