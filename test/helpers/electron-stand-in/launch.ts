import { fork } from 'node:child_process';
import { createServer } from 'node:net';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { findChromium } from '../../../audits/report/pdf/chromium.ts';
import type { DesktopApp } from '../desktop-app.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts a built main process over the stand-in. */
export async function launchStandIn(main: string, userData: string): Promise<DesktopApp> {
  const port = await freePort();
  const child = fork(path.join(import.meta.dirname, 'run-main.ts'), [main], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: {
      ...process.env,
      MOAT_STAND_IN_USER_DATA: userData,
      MOAT_STAND_IN_PORT: String(port),
      MOAT_STAND_IN_CHROMIUM: await findChromium(),
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  child.on('message', ({ number, result, error }: { number: number; result?: unknown; error?: string }) => {
    if (error === undefined) asked.get(number)?.resolve(result);
    else asked.get(number)?.reject(new Error(error));
    asked.delete(number);
  });
  child.once('exit', (code) => {
    for (const call of asked.values()) call.reject(new Error(`the main process ended (${code})`));
  });
  const evaluate: DesktopApp['evaluate'] = async (run) => {
    const call = Promise.withResolvers<unknown>();
    const number = asked.size + Math.floor(performance.now() * 1000);
    asked.set(number, call);
    child.send({ number, code: String(run) });
    return (await call.promise) as never;
  };
  let connected: Awaited<ReturnType<typeof chromium.connectOverCDP>> | undefined;
  const firstWindow = async (): Promise<Page> => {
    // The stand-in's window has a page when this resolves, so the port is open.
    await evaluate(
      (electron: { BrowserWindow: { getAllWindows: () => { webContents: { page?: unknown } }[] } }) =>
        Promise.resolve(electron.BrowserWindow.getAllWindows()[0]?.webContents.page).then(() => undefined),
    );
    connected ??= await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    const page = connected.contexts().flatMap((context) => context.pages())[0];
    if (page === undefined) throw new Error('the app opened no window');
    return page;
  };
  const quit = async (): Promise<number | null> => {
    await evaluate((electron: { app: { quit: () => void } }) => electron.app.quit()).catch(() => undefined);
    const code = await ended;
    await connected?.close().catch(() => undefined);
    return code;
  };
  let quitting: Promise<number | null> | undefined;
  return { firstWindow, evaluate, close: () => (quitting ??= quit()) };
}
