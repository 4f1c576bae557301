import { APP_SCHEME } from './own-address.ts';
import { PRINT_SCHEME } from './print.ts';

/** Before the app is ready, and once: schemes with an origin, unlike `file:`, whose pages could read every file. */
export function registerSchemes(protocol: Pick<Electron.Protocol, 'registerSchemesAsPrivileged'>): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
    { scheme: PRINT_SCHEME, privileges: { standard: true, secure: true } },
  ]);
}
