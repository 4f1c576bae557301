import { isOwnAddress } from './own-address.ts';

/** Nothing that a page asks for leaves this machine, whatever else failed to stop it. */
export function keepOffline(session: Pick<Electron.Session, 'webRequest' | 'setSpellCheckerEnabled'>): void {
  // Its dictionaries are fetched from a server.
  session.setSpellCheckerEnabled(false);
  session.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !isLocal(url) }));
}

function isLocal(address: string): boolean {
  return isOwnAddress(address) || /^(data|blob|devtools|moat-print):/.test(address);
}
