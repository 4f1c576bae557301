import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { attackRegistry, attacks } from '../../attacks/registry.ts';
import { completeAttack, spellAttack } from '../../attacks/resolve.ts';
import type { MethodSpec } from '../../contract/method.ts';
import type { AuditResult } from '../../contract/result.ts';
import { spellChain } from '../../defenses/chain.ts';
import { defenseRegistry, defenses } from '../../defenses/registry.ts';
import { html } from '../formats/html.ts';

/**
 * Chapter 11 as a researcher reads it: every hyper-parameter that a method has, by its own schema, with the value it had. Of
 * the battery of the sample report, and of every method that ships.
 */

const sampleFile = path.join(import.meta.dirname, '../../../docs/sample/result.json');
const sample = JSON.parse(readFileSync(sampleFile, 'utf8')) as AuditResult;
const withDefaults = (known: typeof attacks | typeof defenses): readonly MethodSpec[] =>
  known.filter(({ config }) => config.safeParse({}).success).map(({ meta }) => ({ id: meta.id, config: {} }));
const attackSpecs = [
  ...sample.config.attacks,
  ...withDefaults(attacks)
    .filter(({ id }) => !sample.config.attacks.some((spec) => spec.id === id))
    .map((spec) => completeAttack(spec)),
];
const chains = [
  ...sample.config.defenses,
  ...withDefaults(defenses)
    .filter(({ id }) => id !== 'none' && !sample.config.defenses.flat().some((spec) => spec.id === id))
    .map((spec) => [spec]),
];

let page = '';
beforeAll(async () => {
  page = String(
    await html.render(
      { ...sample, config: { ...sample.config, attacks: attackSpecs, defenses: chains } },
      { profile: 'engineer', writtenAt: '2026-01-03T00:00:00.000Z', moatVersion: '0.1.0' },
    ),
  );
}, 600_000);

/** What stands about a method, without markup. */
function sectionOf(kind: 'Attack' | 'Defense', label: string): string {
  const start = page.indexOf(`aria-label="${kind} ${label}"`);
  expect(start, `${kind} ${label} has a section`).toBeGreaterThan(0);
  return page
    .slice(page.indexOf('>', start) + 1, page.indexOf('</section>', start))
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll('&quot;', '"')
    .replaceAll(/\s+/g, ' ');
}

/** Names of a method's settings, by its schema, and their values in one configuration. */
function knobsOf(
  definition: { readonly config: z.ZodType } | undefined,
  spec: MethodSpec,
): readonly (readonly [name: string, value: unknown])[] {
  if (definition === undefined) throw new RangeError(`${spec.id} is registered`);
  const schema = z.toJSONSchema(definition.config, { unrepresentable: 'any' });
  const branches = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const values = {
    ...(definition.config.parse(spec.config) as Readonly<Record<string, unknown>>),
    ...spec.config,
  };
  const names = new Set([
    ...branches.flatMap((branch) => (typeof branch === 'object' ? Object.keys(branch.properties ?? {}) : [])),
    ...Object.keys(values),
  ]);
  return [...names].map((name) => [name, values[name]]);
}

const spelled = (value: unknown): string =>
  value === undefined ? 'not set' : typeof value === 'string' ? value : JSON.stringify(value);

test('the sample’s battery and every method that ships are looked at', () => {
  const looked = attackSpecs.map(({ id }) => id);
  expect(looked).toEqual(expect.arrayContaining(sample.config.attacks.map(({ id }) => id)));
  expect(looked.length).toBeGreaterThan(15);
  expect(new Set(looked).size).toBeGreaterThanOrEqual(15);
  expect(chains.length).toBeGreaterThan(20);
});

test('every setting of every attack stands in chapter 11 with its value', () => {
  for (const spec of attackSpecs) {
    const text = sectionOf('Attack', spellAttack(spec));
    for (const [name, value] of knobsOf(attackRegistry.find(spec.id), spec))
      expect(text, `${spec.id}: ${name}`).toContain(`${name} ${spelled(value)}`);
  }
});

test('every setting of every defense stands in chapter 11 with its value', () => {
  for (const spec of chains.flat()) {
    const text = sectionOf('Defense', spellChain([spec]));
    for (const [name, value] of knobsOf(defenseRegistry.find(spec.id), spec))
      expect(text, `${spec.id}: ${name}`).toContain(`${name} ${spelled(value)}`);
  }
});
