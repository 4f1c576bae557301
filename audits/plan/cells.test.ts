import { expect, test } from 'vitest';
import type { AuditConfig } from '../contract/audit.ts';
import type { AttackDefinition } from '../contract/method.ts';
import { findAttack } from '../attacks/registry.ts';
import { completeAttack } from '../attacks/resolve.ts';
import { parseChain } from '../defenses/chain.ts';
import { FIRST_DEMO_DIGEST } from '../encoder/demo-encoder.ts';
import { exampleConfig, examplePreparation } from '../store/fixtures/example.ts';
import { publicEncoderOf } from './attack-work.ts';
import { planCells } from './cells.ts';
import { cellKey } from './key.ts';
import { summarizePlan } from './summary.ts';

const { inputs } = examplePreparation;
const config: AuditConfig = {
  ...exampleConfig,
  attacks: [
    completeAttack({ id: 'no-victim', config: {} }),
    completeAttack({ id: 'direct-extraction', config: {} }),
  ],
  defenses: [[], parseChain('gaussian-noise'), parseChain('rounding')],
  budgets: [500, 2000],
  accounts: [1],
  seeds: 3,
};

test('controls run once per seed, attacks for every defense, budget and seed, honest users for every real defense', () => {
  const cells = planCells(config, inputs);
  const count = (keep: (cell: (typeof cells)[number]) => boolean): number => cells.filter(keep).length;
  expect(count((cell) => cell.work.kind === 'victim')).toBe(1);
  expect(count((cell) => cell.attackLabel === 'no-victim')).toBe(3);
  expect(count((cell) => cell.work.kind === 'honest')).toBe(2 * 3);
  expect(count((cell) => cell.attackLabel === 'direct-extraction')).toBe(3 * 2 * 3);
});

test('the adaptive attack that fresh noise must face is added, though nobody asked for it', () => {
  const added = planCells(config, inputs).filter((cell) => cell.attackLabel === 'repeat-averaging');
  expect(new Set(added.map((cell) => cell.defenseLabel))).toEqual(new Set(['gaussian-noise']));
});

test('keys differ with everything that changes a number, and with nothing else', () => {
  const work = planCells(config, inputs).find((cell) => cell.attackLabel === 'direct-extraction')?.work;
  if (work?.kind !== 'attack') throw new Error('no attack planned');
  const key = cellKey(inputs, work, 1);
  const changed = [
    cellKey({ ...inputs, encoder: 'another' }, work, 1),
    cellKey({ ...inputs, numericsClass: 'another' }, work, 1),
    cellKey({ ...inputs, evaluation: { ...inputs.evaluation, fitRows: 7 } }, work, 1),
    cellKey({ ...inputs, preprocessing: { ...inputs.preprocessing, mean: [0, 0, 0] } }, work, 1),
    cellKey(inputs, { ...work, seed: work.seed + 1 }, 1),
    cellKey(inputs, { ...work, budget: work.budget + 1 }, 1),
    cellKey(inputs, { ...work, attack: { ...work.attack, version: 99 } }, 1),
    cellKey(inputs, { ...work, surrogate: { ...work.surrogate, epochs: 1 } }, 1),
    cellKey(inputs, work, 2),
  ];
  expect(new Set([key, ...changed]).size).toBe(changed.length + 1);
  const reordered = JSON.parse(
    JSON.stringify(Object.fromEntries(Object.entries(work).reverse())),
  ) as typeof work;
  expect(cellKey(inputs, reordered, 1)).toBe(key);
});

test('a list that is to stay as it is gets no attack added, and more are missing from each defense', () => {
  const listed = planCells({ ...config, attackExtent: 'listed' }, inputs);
  const played = new Set(listed.map(({ attackLabel }) => attackLabel));
  expect(played).toEqual(new Set([null, 'no-victim', 'direct-extraction']));
  const all = new Set(planCells(config, inputs).map(({ key }) => key));
  expect(listed.length).toBeLessThan(all.size);
  expect(listed.every(({ key }) => all.has(key))).toBe(true);
});

test('adversarial examples are measured of every copy and control under a key of their own, and of nothing else', () => {
  const plain = new Set(planCells(config, inputs).map(({ key }) => key));
  const cells = planCells({ ...config, fidelity: ['transfer'] }, inputs);
  expect(cells.every(({ key, work }) => plain.has(key) === (work.kind !== 'attack'))).toBe(true);
});

test('ownership tests: a cell for each independent encoder, other keys for copies and the victim alone', () => {
  const independent = [{ file: '/zoo/a.onnx', identity: 'a' }];
  const ownership = { private: null, public: null, independent };
  const plain = new Map(planCells(config, inputs).map(({ key, work }) => [key, work.kind]));
  const cells = planCells(config, { ...inputs, ownership });
  expect(cells.length).toBe(plain.size + 1);
  expect(
    cells.filter(({ work }) => work.kind === 'independent').map(({ attackLabel }) => attackLabel),
  ).toEqual(['a.onnx']);
  for (const { key, work } of cells) expect(plain.has(key)).toBe(work.kind === 'honest');
  // The zoo is nothing to a copy's own numbers; private images are.
  const keys = (change: object): readonly string[] =>
    planCells(config, { ...inputs, ownership: { ...ownership, ...change } })
      .filter(({ work }) => work.kind === 'attack')
      .map(({ key }) => key);
  expect(keys({ independent: [] })).toEqual(keys({}));
  expect(keys({ private: 'digest' })).not.toEqual(keys({}));
});

test('the plan is the same whenever it is made, and no cell stands in it twice', () => {
  const cells = planCells(config, inputs);
  expect(planCells(config, inputs)).toEqual(cells);
  expect(new Set(cells.map((cell) => cell.key)).size).toBe(cells.length);
});

test('an attack that lacks what it needs is listed with its reason and costs nothing', () => {
  const withStitching = {
    ...config,
    attacks: [
      ...config.attacks,
      completeAttack({ id: 'backbone-stitching', config: { features: 'backbone' } }),
    ],
  };
  const cells = planCells(withStitching, inputs);
  const stitched = cells.filter((cell) => cell.attackLabel?.startsWith('backbone-stitching') === true);
  expect(new Set(stitched.map((cell) => cell.state))).toEqual(new Set(['not-applicable']));
  const summary = summarizePlan(withStitching, cells);
  expect(summary.notApplicable.length).toBeGreaterThan(0);
  expect(summary.queries).toBe(summarizePlan(config, planCells(config, inputs)).queries);
});

test('dollars are queries times the price', () => {
  const cells = planCells(config, inputs);
  const summary = summarizePlan({ ...config, pricePerQuery: 0.5 }, cells);
  // Whatever is planned, each attack sends exactly its budget here.
  const sent = cells.map(({ work, state }) =>
    work.kind === 'attack' && state === 'pending' ? work.budget : 0,
  );
  expect(summary.queries).toBe(sent.reduce((total, rows) => total + rows, 0));
  // 3 seeds x 3 defenses x direct extraction x (500 + 2 000), and the attacks that noise and rounding must face.
  expect(summary.queries).toBeGreaterThan(3 * 3 * 2500);
  expect(summary.dollars).toBe(summary.queries / 2);
});

test('a defense that watches is measured as a detector, once per seed', () => {
  const cells = planCells({ ...config, defenses: [[], parseChain('prada'), parseChain('rounding')] }, inputs);
  const detection = cells.filter(({ work }) => work.kind === 'detection');
  expect(detection.map(({ defenseLabel, work }) => [defenseLabel, work.seed])).toEqual([
    ['prada', 0],
    ['prada', 1],
    ['prada', 2],
  ]);
});

test('only plain attacks run on recorded replies', () => {
  const { attacks } = config;
  const repeats = completeAttack({ id: 'repeat-averaging', config: {} });
  const cells = planCells(
    { ...config, attacks: [...attacks, repeats], defenses: [[], parseChain('external:digest=table')] },
    inputs,
  ).filter(({ work, defenseLabel }) => work.kind === 'attack' && defenseLabel !== 'none');
  for (const { attackLabel, state } of cells)
    expect(state).toBe(attackLabel === 'direct-extraction' ? 'pending' : 'not-applicable');
  expect(cells.some(({ reason }) => reason === 'recorded replies cannot be attacked adaptively')).toBe(true);
});

const attackCells = (change: Partial<AuditConfig>): ReturnType<typeof planCells> =>
  planCells({ ...config, ...change }, inputs).filter((cell) => cell.work.kind === 'attack');
const labels = (cells: ReturnType<typeof planCells>): ReadonlySet<string | null> =>
  new Set(cells.map((cell) => cell.attackLabel));

test('a query policy is an axis of every attack that asks, and of no control; random stands in no key', () => {
  const plain = attackCells({});
  const both = attackCells({ queryPolicies: ['random', 'k-center'] });
  const keys = new Set(both.map(({ key }) => key));
  expect(plain.every(({ key }) => keys.has(key))).toBe(true);
  const chosen = both.filter(({ work }) => work.kind === 'attack' && work.queryPolicy !== undefined);
  expect(chosen.map(({ attackLabel }) => attackLabel)).toContain('direct-extraction [k-center]');
  expect(chosen.length).toBe(both.length - plain.length);
  expect(chosen.length).toBe(plain.filter(({ attackLabel }) => attackLabel !== 'no-victim').length);
});

test('several surrogates play every attack that trains, each with its own control', () => {
  const settings = { ...config.surrogate, architecture: 'resnet18' };
  const asked = {
    attacks: [...config.attacks, completeAttack({ id: 'backbone-stitching', config: {} })],
    furtherSurrogates: [{ settings, extent: 'battery' as const }],
  };
  const cells = attackCells(asked);
  const spelled = labels(cells);
  expect(spelled).toContain('direct-extraction [resnet18]');
  expect(spelled).toContain('no-victim [resnet18]');
  // Closed forms train no network of the thief's choice.
  expect([...spelled].filter((label) => label?.startsWith('backbone-stitching'))).toEqual([
    'backbone-stitching',
  ]);
});

test('surrogates of one network and several sizes are told apart by what differs from the first', () => {
  const { surrogate } = config;
  const longer = { ...surrogate, epochs: surrogate.epochs + 1 };
  const cells = attackCells({ furtherSurrogates: [{ settings: longer, extent: 'battery' }] });
  const spelled = `small-cnn:epochs=${longer.epochs}`;
  expect(labels(cells)).toContain(`direct-extraction [${spelled}]`);
  expect(labels(cells)).toContain(`no-victim [${spelled}]`);
  const keys = new Set(cells.map(({ key }) => key));
  expect(attackCells({}).every(({ key }) => keys.has(key))).toBe(true);
});

test('surrogates that differ in pixels which the victim does not see are one', () => {
  const { surrogate } = config;
  const larger = { ...surrogate, inputSize: 1000 };
  const largest = { ...surrogate, inputSize: 2000 };
  const cells = attackCells({
    surrogate: larger,
    furtherSurrogates: [{ settings: largest, extent: 'battery' }],
  });
  expect(cells).toEqual(attackCells({ surrogate: larger }));
});

test('a surrogate that only shows whether another would steal more plays the first attack, undefended', () => {
  const settings = { ...config.surrogate, architecture: 'resnet18' };
  const other = attackCells({ furtherSurrogates: [{ settings, extent: 'first-attack' }] }).filter(
    ({ attackLabel }) => attackLabel?.includes('resnet18') === true,
  );
  expect(labels(other)).toEqual(new Set(['direct-extraction [resnet18]', 'no-victim [resnet18]']));
  expect(new Set(other.map(({ defenseLabel }) => defenseLabel))).toEqual(new Set(['none']));
});

test('a thief with its own SSL is measured against its own SSL, without being asked to', () => {
  const settings = { ...config.surrogate, initialization: 'own-ssl' as const };
  for (const change of [
    { surrogate: settings },
    { furtherSurrogates: [{ settings, extent: 'battery' as const }] },
  ]) {
    const cells = attackCells(change);
    const controls = cells.filter(({ attackLabel }) => attackLabel?.startsWith('no-victim:variant=own-ssl'));
    expect(controls).toHaveLength(config.seeds);
    for (const { work } of controls)
      expect(work.kind === 'attack' && work.surrogate).toEqual(config.surrogate);
  }
});

test.each(['backbone-frozen', 'backbone-head'] as const)(
  'a thief with initialization=%s is measured against the backbone as it is, without being asked to',
  (initialization) => {
    const surrogate = { ...config.surrogate, initialization };
    const jacobian = completeAttack({ id: 'jacobian-augmentation', config: {} });
    const attacks = [...config.attacks, jacobian];
    const cells = attackCells({ surrogate, attacks, backbone: '/public.onnx' });
    const controls = cells.filter(({ attackLabel }) => attackLabel === 'no-victim:variant=backbone');
    expect(controls).toHaveLength(config.seeds);
    for (const { work, state } of controls) {
      expect(state).toBe('pending');
      // Its control is the same cell as without such a thief.
      expect(work.kind === 'attack' && work.surrogate).toEqual(config.surrogate);
    }
    const stolen = cells.filter(({ attackLabel }) => attackLabel === 'direct-extraction');
    expect(stolen.every(({ work }) => work.kind === 'attack' && work.surrogate.initialization)).toBe(true);
    const refused = cells.filter(({ attackLabel }) => attackLabel?.startsWith('jacobian') === true);
    expect(new Set(refused.map(({ state }) => state))).toEqual(new Set(['not-applicable']));
  },
);

function definitionOf(id: string): AttackDefinition {
  const found = findAttack(id);
  if (found === undefined) throw new Error(id);
  return found;
}

test('a key names the built-in encoder where an attack uses it, but for the first one, under which old cells stand', () => {
  const using = definitionOf('inverse-fit');
  const other = 'd'.repeat(64);
  expect(publicEncoderOf(using, { backbone: null }, FIRST_DEMO_DIGEST)).toBeUndefined();
  expect(publicEncoderOf(using, { backbone: null }, other)).toBe(other);
  expect(publicEncoderOf(using, { backbone: '/public.onnx' }, other)).toBeUndefined();
  expect(publicEncoderOf(definitionOf('direct-extraction'), { backbone: null }, other)).toBeUndefined();
});
