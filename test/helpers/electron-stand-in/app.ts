import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { closeBrowser } from './browser.ts';

/** Something that a listener may prevent. */
export function preventable(): { defaultPrevented: boolean; preventDefault: () => void } {
  const event = { defaultPrevented: false, preventDefault: () => void (event.defaultPrevented = true) };
  return event;
}

class App extends EventEmitter {
  readonly isPackaged = false;
  isSandboxed = false;
  #isReady = false;
  readonly #ready = Promise.withResolvers<void>();

  becomeReady(): void {
    this.#isReady = true;
    this.#ready.resolve();
    this.emit('ready');
  }
  whenReady(): Promise<void> {
    return this.#ready.promise;
  }
  isReady(): boolean {
    return this.#isReady;
  }
  enableSandbox(): void {
    if (this.#isReady) throw new Error('enableSandbox must be called before the app is ready');
    this.isSandboxed = true;
  }
  getPath(name: string): string {
    if (name !== 'userData') throw new Error(`the stand-in has no path ${name}`);
    return process.env['MOAT_STAND_IN_USER_DATA'] ?? '';
  }
  getVersion(): string {
    const manifest = path.join(path.dirname(process.argv[1] ?? ''), '../../package.json');
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
  }
  /** Of utility processes: who they are, as Electron names them. */
  readonly children = new Map<number, string>();
  getAppMetrics(): readonly { readonly pid: number; readonly type: string; readonly name: string }[] {
    return [...this.children].map(([pid, name]) => ({ pid, type: 'Utility', name }));
  }
  requestSingleInstanceLock(): boolean {
    return true;
  }
  setAsDefaultProtocolClient(): boolean {
    return true;
  }
  quit(): void {
    const event = preventable();
    this.emit('before-quit', event);
    if (event.defaultPrevented) return;
    void closeBrowser().finally(() => process.exit(0));
  }
}

export const app = new App();
