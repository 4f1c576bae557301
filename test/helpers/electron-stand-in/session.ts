import type { BrowserContext, Route } from 'playwright-core';
import { fromChromium } from './addresses.ts';
import { app } from './app.ts';
import { browser } from './browser.ts';

type Handler = (request: Request) => Response | Promise<Response>;
type Check = (contents: unknown, permission: string, origin: string) => boolean;
type Ask = (contents: unknown, permission: string, answer: (granted: boolean) => void) => void;
type Before = (details: { readonly url: string }, answer: (response: { cancel?: boolean }) => void) => void;

/** Electron's names of permissions that Chromium can be given, by Chromium's. */
const permissions = {
  geolocation: 'geolocation',
  notifications: 'notifications',
  camera: 'media',
  'clipboard-read': 'clipboard-read',
};

const standardSchemes = new Set<string>();

class Session {
  readonly #handlers = new Map<string, Handler>();
  #check: Check | undefined;
  #ask: Ask | undefined;
  #before: Before | undefined;
  #context: Promise<BrowserContext> | undefined;

  readonly protocol = {
    handle: (scheme: string, handler: Handler): void => {
      if (!standardSchemes.has(scheme)) throw new Error(`${scheme}: was not registered as standard`);
      this.#handlers.set(scheme, handler);
    },
  };
  readonly webRequest = { onBeforeRequest: (listener: Before): void => void (this.#before = listener) };

  setPermissionCheckHandler(handler: Check): void {
    this.#check = handler;
  }
  setPermissionRequestHandler(handler: Ask): void {
    this.#ask = handler;
  }
  setDevicePermissionHandler(): void {}
  setDisplayMediaRequestHandler(): void {}
  setSpellCheckerEnabled(): void {}

  context(): Promise<BrowserContext> {
    this.#context ??= this.#open();
    return this.#context;
  }

  async #open(): Promise<BrowserContext> {
    const context = await (await browser()).newContext({ viewport: { width: 1280, height: 860 } });
    // Electron grants what no handler denies.
    const granted = Object.entries(permissions).filter(([, name]) => this.#grants(name));
    await context.grantPermissions(granted.map(([name]) => name));
    return context;
  }

  #grants(permission: string): boolean {
    const isChecked = this.#check?.(null, permission, 'app://moat/') ?? true;
    let isAnswered = true;
    this.#ask?.(null, permission, (answer) => void (isAnswered = answer));
    return isChecked && isAnswered;
  }

  /** What the network service does with a request: asks the app whether it may go on, then the scheme's handler. */
  async answer(route: Route): Promise<void> {
    const request = route.request();
    const url = fromChromium(request.url());
    const before = this.#before;
    const isCancelled =
      before !== undefined &&
      (await new Promise<boolean>((resolve) => before({ url }, ({ cancel }) => resolve(cancel ?? false))));
    if (isCancelled) return route.abort('blockedbyclient');
    const handler = this.#handlers.get(new URL(url).protocol.slice(0, -1));
    if (handler === undefined) return route.abort('internetdisconnected');
    const response = await handler(new Request(url, { method: request.method() }));
    return route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    });
  }
}

export type { Session };

const partitions = new Map<string, Session>();
const defaultSession = new Session();
export const session = {
  defaultSession,
  fromPartition: (name: string): Session => {
    const known = partitions.get(name) ?? new Session();
    partitions.set(name, known);
    return known;
  },
};

export const protocol = {
  registerSchemesAsPrivileged: (
    schemes: readonly { readonly scheme: string; readonly privileges: { readonly standard?: boolean } }[],
  ): void => {
    if (app.isReady()) throw new Error('schemes must be registered before the app is ready');
    for (const { scheme, privileges } of schemes)
      if (privileges.standard === true) standardSchemes.add(scheme);
  },
  handle: defaultSession.protocol.handle,
};
