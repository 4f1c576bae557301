import { readFileSync } from 'node:fs';

/** Names that the script takes away before any other sees them. */
export const INVOKE = '__standInInvoke';
export const DELIVER = '__standInDeliver';

/**
 * What runs in a page before its own scripts: the preload script, sandboxed as Electron does it, with three modules and no
 * others. Frames inside a page get nothing.
 */
export function pageScript(preload: string | undefined, preferences: Electron.WebPreferences): string {
  const code = preload === undefined ? '' : readFileSync(preload, 'utf8');
  const leak = preferences.nodeIntegration === true ? 'window.require = require;' : '';
  const isolates = preferences.contextIsolation !== false;
  return `(() => {
    const invoke = window.${INVOKE};
    delete window.${INVOKE};
    if (window.top !== window || invoke === undefined) return;
    const listeners = new Map();
    Object.defineProperty(window, '${DELIVER}', {
      value: (channel, values) => { for (const each of [...(listeners.get(channel) ?? [])]) each({}, ...values); },
    });
    const guarded = (value) =>
      typeof value === 'function' ? (...given) => value(...given)
      : typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
      ? Object.freeze(Object.fromEntries(Object.entries(value).map(([key, each]) => [key, guarded(each)])))
      : value;
    const modules = { electron: {
      contextBridge: { exposeInMainWorld: (name, value) => {
        if (${!isolates}) throw new Error('contextBridge API can only be used when contextIsolation is enabled');
        Object.defineProperty(window, name, { value: guarded(value), enumerable: true });
      } },
      ipcRenderer: {
        invoke: (channel, ...values) => invoke(channel, values),
        on: (channel, listener) => listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
        off: (channel, listener) => listeners.set(channel, (listeners.get(channel) ?? []).filter((each) => each !== listener)),
      },
      webUtils: { getPathForFile: () => '' },
    } };
    const require = (name) => {
      if (name in modules) return modules[name];
      throw new Error('module not found: ' + name);
    };
    ${leak}
    const module = { exports: {} };
    (function (require, module, exports) { ${code}
    })(require, module, module.exports);
  })()`;
}
