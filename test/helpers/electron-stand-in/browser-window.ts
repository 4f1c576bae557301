import { EventEmitter } from 'node:events';
import type { Frame, Page, Route } from 'playwright-core';
import { fromChromium, toChromium } from './addresses.ts';
import { app, preventable } from './app.ts';
import { invoke } from './ipc-main.ts';
import { DELIVER, INVOKE, pageScript } from './page-script.ts';
import { session, type Session } from './session.ts';

type OpenHandler = (details: { readonly url: string }) => { readonly action: 'allow' | 'deny' };

class WebContents extends EventEmitter {
  readonly page: Promise<Page>;
  readonly session: Session;
  #openHandler: OpenHandler = () => ({ action: 'allow' });
  #isLoading = false;
  /** An address that the app itself goes to; all others are the page's idea. */
  #wanted: string | undefined;
  readonly #frames = new WeakMap<Frame, { readonly url: string }>();
  #current: Page | undefined;

  constructor(preferences: Electron.WebPreferences & { session?: Session }) {
    super();
    this.session = preferences.session ?? session.defaultSession;
    app.emit('web-contents-created', {}, this);
    this.page = this.#open(preferences);
  }

  get mainFrame(): object | undefined {
    return this.#current === undefined ? undefined : this.#frameOf(this.#current.mainFrame());
  }

  async #open(preferences: Electron.WebPreferences): Promise<Page> {
    const page = await (await this.session.context()).newPage();
    this.#current = page;
    await page.exposeBinding(INVOKE, ({ frame }, channel: string, values: readonly unknown[]) =>
      invoke(channel, { sender: this, senderFrame: this.#frameOf(frame) }, values),
    );
    await page.addInitScript(pageScript(preferences.preload, preferences));
    await page.route('**/*', (route) => this.#answer(route));
    page.on('popup', (popup) => void this.#judgePopup(popup));
    page.on('crash', () => this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 1 }));
    return page;
  }

  /** One object per frame, as long as the frame lives. */
  #frameOf(frame: Frame): object {
    const known = this.#frames.get(frame) ?? {
      get url() {
        return fromChromium(frame.url());
      },
    };
    this.#frames.set(frame, known);
    return known;
  }

  async #answer(route: Route): Promise<void> {
    const request = route.request();
    const url = fromChromium(request.url());
    if (request.isNavigationRequest() && url !== this.#wanted) {
      const event = { ...preventable(), url };
      const prevented = { is: false };
      event.preventDefault = () => void (prevented.is = true);
      const isMain = request.frame() === this.#current?.mainFrame();
      this.emit('will-frame-navigate', event);
      if (isMain) this.emit(request.redirectedFrom() === null ? 'will-navigate' : 'will-redirect', event);
      if (prevented.is) return route.abort('aborted');
    }
    return this.session.answer(route);
  }

  async #judgePopup(popup: Page): Promise<void> {
    const url = fromChromium(await popup.evaluate('location.href').then(String, () => popup.url()));
    if (this.#openHandler({ url }).action === 'deny') await popup.close();
  }

  setWindowOpenHandler(handler: OpenHandler): void {
    this.#openHandler = handler;
  }
  isLoading(): boolean {
    return this.#isLoading;
  }
  async load(address: string): Promise<void> {
    this.#wanted = address;
    this.#isLoading = true;
    await (await this.page).goto(toChromium(address));
    this.#isLoading = false;
    this.#wanted = undefined;
    this.emit('did-finish-load');
  }
  reload(): void {
    void this.page.then((page) => {
      this.#wanted = fromChromium(page.url());
      return page.reload().finally(() => void (this.#wanted = undefined));
    });
  }
  send(channel: string, ...values: readonly unknown[]): void {
    void this.page
      .then((page) =>
        page.evaluate(
          ([name, sent, given]) => {
            const deliver = (globalThis as unknown as Record<string, unknown>)[name as string];
            if (typeof deliver === 'function') deliver(sent, given);
          },
          [DELIVER, channel, values] as const,
        ),
      )
      // A page that is just going hears nothing, as in Electron.
      .catch(() => undefined);
  }
  async executeJavaScript(code: string): Promise<unknown> {
    return (await this.page).evaluate(code);
  }
  async printToPDF(options: Electron.PrintToPDFOptions): Promise<Buffer> {
    return (await this.page).pdf({
      preferCSSPageSize: options.preferCSSPageSize ?? false,
      printBackground: options.printBackground ?? false,
      tagged: options.generateTaggedPDF ?? false,
      outline: options.generateDocumentOutline ?? false,
    });
  }
}

const windows = new Set<BrowserWindow>();

export class BrowserWindow extends EventEmitter {
  readonly webContents: WebContents;
  readonly preferences: Electron.WebPreferences;
  progress = -1;
  #isVisible: boolean;
  #isDestroyed = false;

  constructor(options: Electron.BrowserWindowConstructorOptions) {
    super();
    if (!app.isReady()) throw new Error('Cannot create BrowserWindow before app is ready');
    this.preferences = options.webPreferences ?? {};
    this.#isVisible = options.show ?? true;
    this.webContents = new WebContents(this.preferences as never);
    windows.add(this);
  }

  static getAllWindows(): BrowserWindow[] {
    return [...windows];
  }
  static fromWebContents(contents: WebContents): BrowserWindow | null {
    return [...windows].find((window) => window.webContents === contents) ?? null;
  }

  async loadURL(address: string): Promise<void> {
    await this.webContents.load(address);
    this.emit('ready-to-show');
  }
  show(): void {
    this.#isVisible = true;
  }
  hide(): void {
    this.#isVisible = false;
  }
  isVisible(): boolean {
    return this.#isVisible;
  }
  focus(): void {}
  isFocused(): boolean {
    return false;
  }
  isMinimized(): boolean {
    return false;
  }
  restore(): void {}
  isDestroyed(): boolean {
    return this.#isDestroyed;
  }
  setProgressBar(progress: number): void {
    this.progress = progress;
  }
  close(): void {
    const event = preventable();
    this.emit('close', event);
    if (!event.defaultPrevented) this.destroy();
  }
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    windows.delete(this);
    void this.webContents.page.then((page) => page.close());
    this.emit('closed');
    if (windows.size === 0) app.emit('window-all-closed');
  }
}
