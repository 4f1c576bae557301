import { expect, test } from 'vitest';
import { connectionTrouble, isRetrying, pipTrouble } from './pip-trouble.ts';

/** As pip 23.2 and 26.3 wrote it, where their servers did what each row says. */
const retrying = (why: string): string =>
  `WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by '${why}': /simple/tensorflow-cpu/\n`;
const none = `ERROR: Could not find a version that satisfies the requirement tensorflow-cpu==2.21.0 (from versions: none)
ERROR: No matching distribution found for tensorflow-cpu==2.21.0
`;

test.each([
  [
    'refuses connections',
    `${retrying(`NewConnectionError('<pip._vendor.urllib3.connection.HTTPConnection object at 0x7f3123e21590>: Failed to establish a new connection: [Errno 111] Connection refused')`)}${none}`,
    'the package index could not be reached',
  ],
  [
    'has a name that is not found, pip 23',
    `${retrying(`NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7fa16159a710>: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')`)}${none}`,
    'the name of the package index was not found, as is the case without a network',
  ],
  [
    'has a name that is not found, pip 26',
    `${retrying(`NameResolutionError("HTTPSConnection(host='pypi.org', port=443): Failed to resolve 'pypi.org' ([Errno -3] Temporary failure in name resolution)")`)}${none}`,
    'the name of the package index was not found, as is the case without a network',
  ],
  [
    'stalls',
    `${retrying(`ReadTimeoutError("HTTPConnectionPool(host='127.0.0.1', port=9101): Read timed out. (read timeout=2.0)")`)}${none}`,
    'the package index did not answer in time',
  ],
  [
    'stalls half way, pip 23',
    `ERROR: Exception:
Traceback (most recent call last):
    raise ReadTimeoutError(self._pool, None, "Read timed out.")
pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPConnectionPool(host='127.0.0.1', port=9105): Read timed out.
`,
    'the connection broke off before the whole file had come',
  ],
  [
    'ends half way, pip 26',
    `  WARNING: Connection interrupted while downloading.
  WARNING: Attempting to resume incomplete download (2.5 MB/5.0 MB, attempt 1)
error: incomplete-download

× Download failed after 6 attempts because not enough bytes were received (2.5 MB/5.0 MB)
`,
    'the connection broke off before the whole file had come',
  ],
  [
    'ends half way, pip 23',
    `ERROR: Wheel 'tensorflow-cpu' located at /t/pip-unpack-4h2ykdk6/tensorflow_cpu.whl is invalid.\n`,
    'what came is no whole wheel',
  ],
  [
    'sends other bytes than it names the hash of',
    `ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, please update the hashes.
    tensorflow-cpu==2.21.0 from http://127.0.0.1:9106/files/tensorflow_cpu.whl:
`,
    'what came did not have the checksum that the package index names',
  ],
  [
    'has no such file',
    none,
    'the package index that pip is set up for does not offer it, or could not be asked',
  ],
  ['is of another mind', 'WARNING: odd\nERROR: HTTP error 401.\n', 'HTTP error 401'],
  ['crashes', 'Traceback\n  File "x"\nMemoryError\n', 'MemoryError'],
  ['is silent', '\n', 'it did not say why'],
])('an index that %s', (_what, stderr, why) => {
  expect(pipTrouble(stderr)).toBe(why);
});

test('while pip tries again, why is known already', () => {
  const soFar = retrying(`ReadTimeoutError("HTTPConnectionPool(host='127.0.0.1', port=9101)")`);
  expect([isRetrying(soFar), connectionTrouble(soFar)]).toEqual([
    true,
    'the package index did not answer in time',
  ]);
  expect(isRetrying('WARNING: the cache is disabled\n')).toBe(false);
});
