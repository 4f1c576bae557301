import { expect, test } from 'vitest';
import { enginesFolder } from './folder.ts';

test.each([
  ['linux', {}, '/home/me/.local/share/moat/engines'],
  ['linux', { XDG_DATA_HOME: '/data' }, '/data/moat/engines'],
  ['linux', { XDG_DATA_HOME: 'relative' }, '/home/me/.local/share/moat/engines'],
  ['darwin', {}, '/home/me/Library/Application Support/moat/engines'],
  ['linux', { MOAT_ENGINES: '/packs', XDG_DATA_HOME: '/data' }, '/packs'],
  ['linux', { MOAT_ENGINES: '' }, '/home/me/.local/share/moat/engines'],
] as const)('on %s with %o packs lie in %s', (platform, environment, folder) => {
  expect(enginesFolder({ platform, environment, home: '/home/me' })).toBe(folder);
});
