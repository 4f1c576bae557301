import { silentLog } from '../../audits/contract/context.ts';
import { systemClock } from '../../audits/run/system-clock.ts';
import type { ServeContext } from '../../audits/serve/method.ts';

/** What methods that ask no store and no run need. */
export function contextWithoutStore(settingsFolder: string): ServeContext {
  const absent = (what: string): never => {
    throw new Error(`this test has no ${what}`);
  };
  return {
    get store() {
      return absent('store');
    },
    writable: () => absent('store'),
    readOnlyBecause: () => null,
    sequence: () => 0,
    whenClosing: () => undefined,
    get runs() {
      return absent('runs');
    },
    get installation() {
      return absent('installation');
    },
    clock: systemClock,
    log: silentLog,
    logFile: '',
    moatVersion: '0.0.0',
    host: 'http',
    engineLife: 'test',
    settingsFolder,
    publish: () => undefined,
  };
}
