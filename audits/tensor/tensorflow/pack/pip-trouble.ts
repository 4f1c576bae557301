/** What pip (23 and 26 were read) writes of its troubles, as the part of a sentence that says why; the first match counts. */
const troubles: readonly (readonly [written: RegExp, why: string])[] = [
  [/^ERROR: Wheel .* is invalid/m, 'what came is no whole wheel'],
  [/DO NOT MATCH THE HASHES/, 'what came did not have the checksum that the package index names'],
  [
    /incomplete-download|Connection interrupted|IncompleteRead|Connection(Reset|Aborted)Error|ReadTimeoutError: /,
    'the connection broke off before the whole file had come',
  ],
  [
    /NameResolutionError|Temporary failure in name resolution|Name or service not known|getaddrinfo failed/,
    'the name of the package index was not found, as is the case without a network',
  ],
  [/ProxyError|Cannot connect to proxy/, 'the proxy could not be reached'],
  [/SSLError|CERTIFICATE_VERIFY_FAILED/, 'pip does not trust the certificate of the package index'],
  [/ReadTimeoutError|ConnectTimeoutError|timed out/, 'the package index did not answer in time'],
  [/NewConnectionError|Connection refused|unreachable/, 'the package index could not be reached'],
  [
    /No matching distribution found/,
    'the package index that pip is set up for does not offer it, or could not be asked',
  ],
];

/** Whether pip has said that it tries something again. */
export const isRetrying = (stderr: string): boolean => /Retrying|Attempting to resume/.test(stderr);

/** Why it does, or did at last; undefined where it says so in other words. */
export function connectionTrouble(stderr: string): string | undefined {
  return troubles.find(([written]) => written.test(stderr))?.[1];
}

/** Why pip ended without a wheel, in other words its own last ones. */
export function pipTrouble(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const last = lines.findLast((line) => /^error:/i.test(line)) ?? lines.findLast((line) => line !== '');
  const own = last?.replace(/^error: */i, '').replace(/\.$/, '') ?? 'it did not say why';
  return connectionTrouble(stderr) ?? own;
}
