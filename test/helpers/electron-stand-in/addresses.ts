/** Chromium knows schemes of its own only: those of the app become hosts that no server has, and back. */
const SUFFIX = '.stand-in.invalid';

/** `app://moat/x` as `https://app--moat.stand-in.invalid/x`. */
export function toChromium(address: string): string {
  const { protocol, host, pathname, search, hash } = new URL(address);
  if (/^(https?|data|about|blob|file|javascript):$/.test(protocol)) return address;
  return `https://${protocol.slice(0, -1)}--${host}${SUFFIX}${pathname}${search}${hash}`;
}

export function fromChromium(address: string): string {
  if (!URL.canParse(address)) return address;
  const { hostname, pathname, search, hash } = new URL(address);
  if (!hostname.endsWith(SUFFIX)) return address;
  const [scheme = '', host = ''] = hostname.slice(0, -SUFFIX.length).split(/--(.*)/s, 2);
  return `${scheme}://${host}${pathname}${search}${hash}`;
}
