import { isIP } from 'node:net';

/** Names by which a machine calls itself and nobody else does. */
const loopbackNames: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];
const anyAddress: readonly string[] = ['0.0.0.0', '::'];

export function isLoopback(host: string): boolean {
  return loopbackNames.includes(bracketed(host).toLowerCase());
}

/**
 * Whether a `Host` header names this server. A page of another site whose name was made to point here (DNS rebinding) still
 * sends that site's name.
 * @param host as asked to listen on. Listening on every address, an address in figures is ours too: names alone can be rebound
 */
export function isOwnHost(header: string | undefined, host: string, port: number): boolean {
  const match = /^(\[[\da-f:.]+\]|[^:[\]]+)(?::(\d+))?$/i.exec(header ?? '');
  const name = match?.[1]?.toLowerCase();
  if (name === undefined || Number(match?.[2] ?? '80') !== port) return false;
  if (loopbackNames.includes(name) || name === bracketed(host).toLowerCase()) return true;
  return anyAddress.includes(host) && isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}

/** An `Origin` header, where there is one, must be that of the page this server itself handed out. */
export function isOwnOrigin(origin: string | undefined, hostHeader: string | undefined): boolean {
  return origin === undefined || origin === `http://${hostHeader}`;
}

/** Address for people. @param host as asked to listen on */
export function addressOf(host: string, port: number): string {
  return `http://${anyAddress.includes(host) ? '127.0.0.1' : bracketed(host)}:${port}`;
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
