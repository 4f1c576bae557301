import { describe, expect, test } from 'vitest';
import { completeAttack } from '../attacks/resolve.ts';
import { chainMustFace, completeChain, spellChain } from '../defenses/chain.ts';
import type { AuditConfig } from '../contract/audit.ts';
import { exampleConfig, examplePreparation } from '../store/fixtures/example.ts';
import { planCells, type PlannedCell } from './cells.ts';
import { presetDigest, presets } from './presets.ts';

/**
 * A changed list needs a new version: raise it in the preset, and add a line here. Lines of old versions stay, so that no
 * version ever stands for two lists.
 */
const frozen: Readonly<Record<string, string>> = {
  'quick v1': '2191d6ae4f22e68c',
  'standard v2': '69725469bb8dcc16',
  'standard v3': 'f3577290f4dedbd8',
  'standard v4': 'bad163ab8a08f589',
  'paper v1': 'c0f67928211cd8db',
  'paper v2': '63b8cfd482113262',
  'demo v1': '849f2db093b1bce8',
};

test('a preset’s version stands for one list', () => {
  const now = Object.fromEntries(
    presets.map((preset) => [`${preset.id} v${preset.version}`, presetDigest(preset).slice(0, 16)]),
  );
  expect(frozen).toMatchObject(now);
  expect(new Set(Object.values(frozen)).size).toBe(Object.keys(frozen).length);
});

test.each(presets)('$id names only methods that exist, with settings they have', (preset) => {
  for (const spec of preset.attacks) expect(completeAttack(spec).id).toBe(spec.id);
  for (const chain of preset.defenses) expect(completeChain(chain)).toHaveLength(chain.length);
});

test('standard tries a network of another size and kind than its first', () => {
  const standard = presets.find(({ id }) => id === 'standard');
  const other = standard?.furtherSurrogates?.map(({ settings }) => settings.architecture) ?? [];
  expect(other.some((architecture) => architecture !== standard?.surrogate.architecture)).toBe(true);
});

/** The cells of a preset's attacks and defenses, one seed, at one budget. */
function planned(
  preset: (typeof presets)[number],
  change: Partial<AuditConfig> = {},
): readonly PlannedCell[] {
  return planCells(
    {
      ...exampleConfig,
      attacks: preset.attacks.map((spec) => completeAttack(spec)),
      attackExtent: 'where-faced',
      defenses: preset.defenses.map((chain) => completeChain(chain)),
      budgets: [500],
      accounts: preset.accounts,
      seeds: 1,
      ...change,
    },
    examplePreparation.inputs,
  );
}

describe.each(presets)('$id', (preset) => {
  const cells = planned(preset);
  const on = (label: string): readonly PlannedCell[] =>
    cells.filter(({ work, defenseLabel }) => work.kind === 'attack' && defenseLabel === label);

  test('plans every attack that a defense must face, runnable with some number of accounts', () => {
    for (const chain of preset.defenses.map((specs) => completeChain(specs))) {
      const found = new Set(
        on(spellChain(chain)).flatMap(({ work, state }) =>
          work.kind === 'attack' && (state === 'pending' || preset.accounts.length === 1)
            ? [work.attack.id]
            : [],
        ),
      );
      for (const id of chainMustFace(chain)) expect([...found], spellChain(chain)).toContain(id);
    }
  });

  test('plays an attack made against defenses only where one must face it', () => {
    for (const { work } of cells)
      if (work.kind === 'attack' && work.attack.id === 'repeat-averaging')
        expect(chainMustFace(work.defense)).toContain('repeat-averaging');
  });
});

test('standard steals labels undefended only, and lists nothing as not applicable for it', () => {
  const standard = presets.filter(({ id }) => id === 'standard');
  const labels = standard
    .flatMap((preset) => planned(preset))
    .filter(({ attackLabel }) => attackLabel === 'label-extraction');
  expect(new Set(labels.map(({ defenseLabel, state }) => `${defenseLabel} ${state}`))).toEqual(
    new Set(['none pending']),
  );
});

test('standard marks replies in coordinates and in angles, and removes either mark twice', () => {
  const standard = presets.filter(({ id }) => id === 'standard');
  const removals = standard
    .flatMap((preset) => planned(preset))
    .filter(({ attackLabel }) => attackLabel?.startsWith('watermark-removal') === true);
  expect(new Set(removals.map(({ attackLabel, defenseLabel }) => `${attackLabel} ${defenseLabel}`))).toEqual(
    new Set(
      ['watermark-removal', 'watermark-removal:method=cse'].flatMap((attack) => [
        `${attack} linear-watermark`,
        `${attack} region-watermark`,
      ]),
    ),
  );
  expect(new Set(removals.map(({ state }) => state))).toEqual(new Set(['pending']));
});

test('a list given by hand is played everywhere', () => {
  for (const preset of presets.filter(({ id }) => id === 'standard')) {
    const chains = preset.defenses.slice(0, 4).map((chain) => completeChain(chain));
    const cells = planned(preset, { attackExtent: undefined, defenses: chains, accounts: [5] });
    const defenses = new Set(
      cells.flatMap(({ work, defenseLabel }) =>
        work.kind === 'attack' && work.attack.id === 'repeat-averaging' ? [defenseLabel] : [],
      ),
    );
    expect(defenses).toEqual(new Set(chains.map((chain) => spellChain(chain))));
  }
});
