import { describe, expect, test } from 'vitest';
import type { MethodCatalogue } from '../../contract/bridge.ts';
import { contextWithoutStore } from '../../../test/helpers/serve-context.ts';
import { attackRegistry } from '../../attacks/registry.ts';
import { parseAttack, spellAttack } from '../../attacks/resolve.ts';
import { parseChain, spellChain } from '../../defenses/chain.ts';
import { defenseRegistry } from '../../defenses/registry.ts';
import { presets } from '../../plan/presets.ts';
import { methodsList } from './methods-list.ts';

const catalogue: MethodCatalogue = await methodsList.run({}, contextWithoutStore('/'));

describe('methods.list', () => {
  test('names every method of the registries, once', () => {
    expect(catalogue.attacks.map(({ id }) => id)).toEqual(attackRegistry.all().map(({ meta }) => meta.id));
    expect(catalogue.defenses.map(({ id }) => id)).toEqual(defenseRegistry.all().map(({ meta }) => meta.id));
  });

  test('is plain data that survives JSON', () => {
    expect(JSON.parse(JSON.stringify(catalogue))).toEqual(catalogue);
  });

  test('schemas name every setting, with a default for each that a user may leave out', () => {
    for (const method of [...attackRegistry.all(), ...defenseRegistry.all()]) {
      const found = [...catalogue.attacks, ...catalogue.defenses].find(({ id }) => id === method.meta.id);
      const { properties = {}, required = [] } = (found?.config ?? {}) as {
        properties?: Record<string, { default?: unknown }>;
        required?: string[];
      };
      expect(Object.keys(properties)).toEqual(Object.keys(method.config.shape));
      const defaults: Record<string, unknown> = method.config.safeParse({}).data ?? {};
      for (const [key, { default: given }] of Object.entries(properties))
        if (given !== undefined) expect(given, `${method.meta.id} ${key}`).toEqual(defaults[key]);
      if (required.length > 0) expect(method.config.safeParse({}).success).toBe(false);
    }
  });

  test('an attack made for a defense stands in the group of those that defenses must face', () => {
    const groups = new Map(catalogue.attacks.map(({ id, group }) => [id, group]));
    expect(groups.get('no-victim')).toBe('control');
    expect(groups.get('direct-extraction')).toBe('trained');
    expect(groups.get('backbone-stitching')).toBe('closed-form');
    expect(groups.get('sybil-remap')).toBe('adaptive');
    const faced = catalogue.defenses.flatMap(({ mustFace }) => mustFace);
    for (const id of faced) expect(groups.has(id), id).toBe(true);
  });

  test('presets spell what the command line would read as the same configurations', () => {
    expect(catalogue.presets.map(({ id }) => id)).toEqual(presets.map(({ id }) => id));
    for (const { attacks, defenses } of catalogue.presets) {
      for (const text of attacks) expect(spellAttack(parseAttack(text))).toBe(text);
      for (const text of defenses) expect(spellChain(parseChain(text))).toBe(text);
    }
  });
});
