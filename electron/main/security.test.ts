import { EventEmitter } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { appPolicyHeader } from '../../audits/serve/app-policy.ts';
import { startUtility } from './engine-process.ts';
import { createHandle, type Answer } from './ipc.ts';
import { guardNavigation } from './navigation.ts';
import { keepOffline } from './network.ts';
import { isOwnAddress } from './own-address.ts';
import { denyPermissions } from './permissions.ts';
import { isReference } from './references.ts';
import { webPreferences } from './web-preferences.ts';

/** Electron's checklist for this app: each item is undone here in one line, and then a test of this file fails. */

const root = path.join(import.meta.dirname, '../..');
const sources = globSync('electron/**/*.ts', { cwd: root })
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));

test('a page is sandboxed, isolated, without Node, under the web’s own rules', () => {
  expect(webPreferences('/preload.cjs')).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
    navigateOnDragDrop: false,
  });
});

test('every window takes its preferences from there', () => {
  const makers = sources.filter(({ text }) => /new (parts\.|electron\.)?BrowserWindow\(/.test(text));
  expect(makers.map(({ file }) => file).sort()).toEqual([
    'electron/main/print.ts',
    'electron/main/window.ts',
  ]);
  for (const { text } of makers)
    expect(text).toMatch(/webPreferences: (webPreferences\(|\{ \.\.\.webPreferences\(\))/);
});

test('the whole app is sandboxed before it is ready', () => {
  const desktop = sources.find(({ file }) => file === 'electron/main/desktop.ts')?.text ?? '';
  expect(desktop.indexOf('app.enableSandbox()')).toBeGreaterThan(0);
  expect(desktop.indexOf('app.enableSandbox()')).toBeLessThan(desktop.indexOf('app.whenReady()'));
});

test.each([/enableBlinkFeatures/, /commandLine/, /<webview/, /no-sandbox/, /webSecurity: false/])(
  'nothing of ours says %s',
  (pattern) => {
    expect(sources.filter(({ text }) => pattern.test(text))).toEqual([]);
  },
);

test('variables that load code of others do not reach our processes', () => {
  const fork = vi.fn(() => Object.assign(new EventEmitter(), { stdout: null, stderr: null }));
  const environment = {
    HOME: '/home/user',
    NODE_OPTIONS: '--require x',
    NODE_PATH: '/x',
    ELECTRON_RUN_AS_NODE: '1',
  };
  startUtility({ fork } as never, '/engine.js', 'Moat engine', environment, () => undefined);
  expect(fork).toHaveBeenCalledWith(
    '/engine.js',
    [],
    expect.objectContaining({ env: { HOME: '/home/user' } }),
  );
});

test('only the one handle listens to pages', () => {
  const listeners = sources.filter(({ text }) =>
    /ipcMain\s*\.\s*(on|once|handle|handleOnce|addListener)\(/.test(text),
  );
  expect(listeners.map(({ file }) => file)).toEqual(['electron/main/ipc.ts']);
});

test('the policy names nothing but the app itself, and no way to make code out of text', () => {
  expect(appPolicyHeader).toContain("default-src 'none'");
  expect(appPolicyHeader).toContain("frame-ancestors 'none'");
  expect(appPolicyHeader).toContain("require-trusted-types-for 'script'");
  expect(appPolicyHeader).not.toMatch(/unsafe|https?:|wss?:|\*/);
});

type Answerer = (...values: never[]) => unknown;

test('every permission is denied, asked for or looked up', () => {
  const handlers: Record<string, Answerer> = {};
  const keep = (name: string) => (handler: unknown) => void (handlers[name] = handler as Answerer);
  denyPermissions({
    setPermissionRequestHandler: keep('request'),
    setPermissionCheckHandler: keep('check'),
    setDevicePermissionHandler: keep('device'),
    setDisplayMediaRequestHandler: keep('display'),
  });
  const answer = vi.fn();
  for (const permission of ['media', 'geolocation', 'notifications', 'clipboard-read', 'fullscreen'])
    (handlers['request'] as (...values: unknown[]) => void)({}, permission, answer);
  expect(answer.mock.calls.flat()).toEqual([false, false, false, false, false]);
  expect(handlers['check']?.()).toBe(false);
  expect(handlers['device']?.()).toBe(false);
  const shared = vi.fn();
  (handlers['display'] as (...values: unknown[]) => void)({}, shared);
  expect(shared).toHaveBeenCalledWith({});
});

test('nothing that a page asks for leaves the machine', () => {
  let decide: (details: { url: string }, answer: (response: { cancel: boolean }) => void) => void = () =>
    undefined;
  keepOffline({
    setSpellCheckerEnabled: () => undefined,
    webRequest: { onBeforeRequest: (listener: typeof decide) => void (decide = listener) },
  } as never);
  const isStopped = (url: string): boolean => {
    const answer = vi.fn<(response: { cancel: boolean }) => void>();
    decide({ url }, answer);
    return answer.mock.calls[0]?.[0].cancel ?? false;
  };
  expect(isStopped('app://moat/index.html')).toBe(false);
  expect(isStopped('data:image/png;base64,AA==')).toBe(false);
  for (const url of [
    'https://arxiv.org/',
    'http://127.0.0.1/',
    'file:///etc/passwd',
    'app://other/',
    'wss://x/',
  ])
    expect(isStopped(url), url).toBe(true);
});

const strangers = [
  'https://evil.example/',
  'https://evil.example/?app://moat/',
  'https://app://moat/',
  'app://moat.evil.example/',
  'app://moat@evil.example/',
  'app://user@moat/',
  'app://evil/moat',
  'app://moat:8080/',
  'apps://moat/',
  'file:///app://moat/',
  'data:text/html,<script>1</script>',
  'javascript:alert(1)',
  'about:blank',
  '',
];

test.each(strangers)('%s is not ours', (address) => {
  expect(isOwnAddress(address)).toBe(false);
});

class Contents extends EventEmitter {
  opener: (details: { url: string }) => { action: string } = () => ({ action: 'allow' });
  setWindowOpenHandler(handler: Contents['opener']): void {
    this.opener = handler;
  }
}

function guarded(): { readonly contents: Contents; readonly opened: string[] } {
  const app = new EventEmitter();
  const opened: string[] = [];
  guardNavigation({
    app: app as never,
    openExternal: (address) => {
      opened.push(address);
      return Promise.resolve();
    },
  });
  const contents = new Contents();
  app.emit('web-contents-created', {}, contents);
  return { contents, opened };
}

test.each(['will-navigate', 'will-frame-navigate', 'will-redirect'])(
  '%s leads nowhere but to our pages',
  (name) => {
    const { contents } = guarded();
    for (const url of strangers) {
      const preventDefault = vi.fn();
      contents.emit(name, { url, preventDefault });
      expect(preventDefault, url).toHaveBeenCalledOnce();
    }
    const preventDefault = vi.fn();
    contents.emit(name, { url: 'app://moat/#/new', preventDefault });
    expect(preventDefault).not.toHaveBeenCalled();
  },
);

test('no page opens a window; a reference of a report opens in the user’s browser', () => {
  const { contents, opened } = guarded();
  for (const url of [
    ...strangers,
    'app://moat/',
    'https://arxiv.org.evil.example/',
    'http://arxiv.org/',
    'https://arxiv.org@evil.example/',
  ])
    expect(contents.opener({ url })).toEqual({ action: 'deny' });
  expect(opened).toEqual([]);
  expect(contents.opener({ url: 'https://arxiv.org/abs/2201.07513' })).toEqual({ action: 'deny' });
  expect(opened).toEqual(['https://arxiv.org/abs/2201.07513']);
});

test('no webview is attached', () => {
  const { contents } = guarded();
  const preventDefault = vi.fn();
  contents.emit('will-attach-webview', { preventDefault });
  expect(preventDefault).toHaveBeenCalledOnce();
});

test('what methods and reports cite can be opened', () => {
  const cited = globSync(
    '{audits/{attacks,defenses,metrics,ownership,checks,report}/**/*.ts,renderer/**/*.svelte}',
    { cwd: root },
  )
    .filter((file) => !/\.(test|sample)\.ts$/.test(file))
    .flatMap((file) => [
      ...readFileSync(path.join(root, file), 'utf8').matchAll(/['"`](https:\/\/[^'"`\s$]+)['"`$]/g),
    ])
    .map(([, address]) => address ?? '')
    .filter((address) => !new URL(address).hostname.endsWith('.invalid'));
  expect(cited.length).toBeGreaterThan(30);
  expect(cited.filter((address) => !isReference(address))).toEqual([]);
});

type Listener = (event: unknown, request: unknown) => Promise<Answer>;

function handled(run: (request: { n: number }) => unknown): Listener {
  let listener: Listener | undefined;
  createHandle({ handle: (_channel: string, given: unknown) => void (listener = given as Listener) })(
    'test',
    z.strictObject({ n: z.number() }),
    run,
  );
  if (listener === undefined) throw new Error('nothing listens');
  return listener;
}

const frame = (url: string) => ({ url });
const from = (url: string): unknown => {
  const main = frame(url);
  return { senderFrame: main, sender: { mainFrame: main } };
};

test('our main frame is answered', async () => {
  expect(await handled(({ n }) => n + 1)(from('app://moat/'), { n: 1 })).toEqual({ ok: true, value: 2 });
});

test('no other page, no frame inside a page and no frame that has gone is heard', async () => {
  const run = vi.fn();
  const listener = handled(run);
  for (const url of strangers) expect((await listener(from(url), { n: 1 })).ok, url).toBe(false);
  const inner = { senderFrame: frame('app://moat/'), sender: { mainFrame: frame('app://moat/') } };
  expect((await listener(inner, { n: 1 })).ok).toBe(false);
  expect(
    (await listener({ senderFrame: null, sender: { mainFrame: frame('app://moat/') } }, { n: 1 })).ok,
  ).toBe(false);
  expect(run).not.toHaveBeenCalled();
});

test('a request that its schema refuses is not run, and says why', async () => {
  const run = vi.fn();
  const listener = handled(run);
  for (const request of [{}, { n: '1' }, { n: 1, more: true }, null, undefined, [1]]) {
    const answer = await listener(from('app://moat/'), request);
    expect(answer).toMatchObject({ ok: false, error: { code: 'usage' } });
  }
  expect(run).not.toHaveBeenCalled();
});

test('a failure is told without the program’s paths', async () => {
  const answer = await handled(() => {
    throw new Error('no');
  })(from('app://moat/'), { n: 1 });
  expect(answer).toEqual({
    ok: false,
    error: { code: 'internal', message: 'no', details: {}, hint: expect.stringContaining('report') },
  });
});
