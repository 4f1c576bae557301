export const APP_SCHEME = 'app';
const HOST = 'moat';
export const APP_ADDRESS = `${APP_SCHEME}://${HOST}/`;

/** Whether an address is one of our pages. Its parts are compared, never its beginning: `app://moat@elsewhere/` is not ours. */
export function isOwnAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, host, username, password } = new URL(address);
  return protocol === `${APP_SCHEME}:` && host === HOST && username === '' && password === '';
}
