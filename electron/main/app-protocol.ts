import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { appPolicyHeader } from '../../audits/serve/app-policy.ts';
import { APP_SCHEME, isOwnAddress } from './own-address.ts';

/** What the built app is made of; anything else in the folder is not served. */
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
};

const headers: Readonly<Record<string, string>> = {
  'Content-Security-Policy': appPolicyHeader,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), bluetooth=()',
  'Cache-Control': 'no-store',
};

export function handleAppScheme(
  protocol: Pick<Electron.Protocol, 'handle'>,
  /** Of the built app. */
  folder: string,
): void {
  protocol.handle(APP_SCHEME, (request) => answerFromFolder(request, folder));
}

/** A file of the folder, wherever links in it point to: what lies outside does not exist. */
export async function answerFromFolder(
  request: Pick<Request, 'method' | 'url'>,
  folder: string,
): Promise<Response> {
  if (request.method !== 'GET') return refuse(405);
  if (!isOwnAddress(request.url)) return refuse(404);
  const name = nameOf(request.url);
  const contentType = name === undefined ? undefined : contentTypes[path.extname(name)];
  if (name === undefined || contentType === undefined) return refuse(404);
  try {
    const root = await realpath(folder);
    const file = await realpath(path.join(root, name));
    if (!file.startsWith(root + path.sep)) return refuse(404);
    return new Response(new Uint8Array(await readFile(file)), {
      headers: { ...headers, 'Content-Type': contentType },
    });
  } catch {
    // Missing, a folder, unreadable: no page needs to know which.
    return refuse(404);
  }
}

/** Relative name of the file an address means; undefined where it could mean one elsewhere. */
function nameOf(address: string): string | undefined {
  const { pathname } = new URL(address);
  let name: string;
  try {
    name = decodeURIComponent(pathname).slice(1);
  } catch {
    return undefined;
  }
  if (name === '') return 'index.html';
  const isPlain = !/[\0\\%:]/.test(name) && name.split('/').every((part) => !['', '.', '..'].includes(part));
  return isPlain ? name : undefined;
}

function refuse(status: number): Response {
  return new Response(null, { status, headers: { ...headers } });
}
