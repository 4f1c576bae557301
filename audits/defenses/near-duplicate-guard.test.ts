import { describe, expect, test } from 'vitest';
import { type Matrix, matrix, matrixRow, selectRows } from '../contract/data.ts';
import type { DefenseSession, ProviderStatistics } from '../contract/method.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain, providerStatistics } from './chain.ts';

const columns = 32;

/** Independent normal rows around a common mean, as embeddings of distinct images are. */
function sampleOf(rows: number, seed: string, width = columns): Matrix {
  const rng = createRng(seed);
  return matrix(
    Float32Array.from({ length: rows * width }, () => 0.2 + rng.normal()),
    rows,
    width,
  );
}

/** The same rows moved a little: second views. */
function viewsOf(source: Matrix, distance: number, seed = 'views'): Matrix {
  const rng = createRng(seed);
  return matrix(
    source.data.map((value) => value + distance * rng.normal()),
    source.rows,
    source.columns,
  );
}

function joined(...parts: readonly Matrix[]): Matrix {
  const data = Float32Array.from(parts.flatMap((part) => Array.from(part.data)));
  return matrix(data, data.length / columns, columns);
}

const provider = sampleOf(400, 'provider');

function sessionOf(settings: string, sample: Matrix = provider, projections?: Matrix): DefenseSession {
  const chain = parseChain(`near-duplicate-guard${settings}`);
  const calibration = calibrateChain(chain, sample, createRng(1), projections);
  return openChainSession(chain, calibration, 0, createRng(1));
}

const names = (rows: number): string[] => Array.from({ length: rows }, (_, row) => `${row}`);

/** Which rows came back changed. */
function flagged(session: DefenseSession, sent: Matrix, projections?: Matrix): readonly boolean[] {
  const reply = session.reply(sent, names(sent.rows), projections);
  return names(sent.rows).map((_, row) =>
    matrixRow(reply, row).some((value, i) => value !== matrixRow(sent, row)[i]),
  );
}

const share = (values: readonly boolean[]): number => values.filter(Boolean).length / values.length;

describe.each(['cosine', 'l2'])('by %s', (rule) => {
  test('the second view of an image is replaced, the first one is exact', () => {
    const images = sampleOf(100, 'sent');
    const result = flagged(sessionOf(`:rule=${rule}`), joined(images, viewsOf(images, 0.05)));
    expect(share(result.slice(0, 100))).toBeLessThan(0.05);
    expect(share(result.slice(100))).toBe(1);
  });

  test('tau is calibrated to the asked share of distinct images', () => {
    // A history as long as the calibration data: the share is binomial around 0.2 (five standard errors).
    const fresh = Array.from({ length: 40 }, (_, i) =>
      flagged(sessionOf(`:rule=${rule}:falsePositiveRate=0.2`), sampleOf(400, `account ${i}`)).slice(390),
    ).flat();
    expect(Math.abs(share(fresh) - 0.2)).toBeLessThan(5 * Math.sqrt((0.2 * 0.8) / fresh.length));
  });

  test('one view per image passes untouched', () => {
    expect(share(flagged(sessionOf(`:rule=${rule}:falsePositiveRate=0`), sampleOf(100, 'sent')))).toBe(0);
  });
});

test('exact copies among the calibration data do not move tau', () => {
  const doubled = selectRows(
    provider,
    names(800).map((_, i) => i % 400),
  );
  const sent = sampleOf(300, 'sent');
  const settings = ':falsePositiveRate=0.1';
  expect(flagged(sessionOf(settings, doubled), sent)).toEqual(flagged(sessionOf(settings), sent));
});

test('the absolute rule is the paper’s: cosine above tau, distance below tau', () => {
  const at = (degrees: number): readonly number[] => [
    Math.cos((degrees / 180) * Math.PI),
    Math.sin((degrees / 180) * Math.PI),
  ];
  const sent = matrix(Float32Array.from([at(0), at(61), at(119)].flat()), 3, 2);
  const flat = providerStatistics(sampleOf(10, 'flat', 2));
  const open = (settings: string): DefenseSession =>
    openChainSession(parseChain(`near-duplicate-guard${settings}`), [flat], 0, createRng(1));
  // cos 61° = 0.485, cos 59° = 0.515, cos 58° = 0.530.
  expect(flagged(open(':tau=0.5'), sent)).toEqual([false, false, true]);
  expect(flagged(open(':tau=0.48'), sent)).toEqual([false, true, true]);
  expect(flagged(open(':tau=0.54'), sent)).toEqual([false, false, false]);
  // Chords of the unit circle: 2 sin(61°/2) = 1.015, 2 sin(58°/2) = 0.970.
  expect(flagged(open(':rule=l2:tau=1'), sent)).toEqual([false, false, true]);
  expect(flagged(open(':rule=l2:tau=1.02'), sent)).toEqual([false, true, true]);
});

test('the paper’s replacement is N(1000, 20^2), the default one passes for an embedding', () => {
  const sent = joined(...names(60).map(() => sampleOf(1, 'one')));
  const moments = (settings: string): readonly [mean: number, deviation: number] => {
    const values = Array.from(sessionOf(settings).reply(sent, names(60)).data.slice(columns));
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
  };
  // 59 * 32 = 1888 draws: five standard errors of a mean are 0.115 sigma, of a deviation 0.081 sigma.
  const [mean, deviation] = moments(':scale=absolute:replacementMean=1000:sigma=20');
  expect(Math.abs(mean - 1000)).toBeLessThan(0.115 * 20);
  expect(Math.abs(deviation - 20)).toBeLessThan(0.081 * 20);
  const [relativeMean, relativeDeviation] = moments('');
  expect(Math.abs(relativeMean - 0.2)).toBeLessThan(0.115 + 0.1);
  expect(Math.abs(relativeDeviation - 1)).toBeLessThan(0.1);
});

test('a batch history forgets after its rows, whatever the size of the requests', () => {
  const images = sampleOf(10, 'sent');
  const again = joined(images, images, images);
  const whole = flagged(sessionOf(':history=batch:batchRows=20'), again);
  expect(whole).toEqual([
    ...names(10).map(() => false),
    ...names(10).map(() => true),
    ...names(10).map(() => false),
  ]);
  const session = sessionOf(':history=batch:batchRows=20');
  expect(names(30).map((_, row) => flagged(session, selectRows(again, [row]))[0])).toEqual(whole);
});

test('projections are compared where the victim has them, embeddings are answered', () => {
  const embeddings = sampleOf(20, 'embeddings');
  const near = joined(...names(20).map(() => sampleOf(1, 'one')));
  const projected = sampleOf(400, 'projected');
  const result = (on: string, projections?: Matrix): readonly boolean[] =>
    flagged(sessionOf(`:falsePositiveRate=0${on}`, provider, projected), embeddings, projections);
  expect(share(result('', near))).toBe(19 / 20);
  expect(share(result(':on=embedding', near))).toBe(0);
  expect(share(result(''))).toBe(0);
  expect(() => result(':on=projection')).toThrow(/needs an encoder with a projection output/);
  expect(() => flagged(sessionOf(':on=projection'), embeddings, near)).toThrow(/cannot calibrate tau/);
});

test('detection is the share flagged; the alarm rises once it exceeds its bound', () => {
  const images = sampleOf(120, 'sent');
  const session = sessionOf(':falsePositiveRate=0');
  session.reply(images, names(120));
  expect(session.detection?.()).toEqual({ score: 0, alarmAtRow: null, flaggedRows: 0 });
  session.reply(images, names(120));
  // 14 of 134 rows are the first share above a tenth.
  expect(session.detection?.()).toEqual({ score: 0.5, alarmAtRow: 133, flaggedRows: 120 });
});

test('a provider with a single image flags nothing', () => {
  const lone: ProviderStatistics = providerStatistics(sampleOf(1, 'lone'));
  const session = openChainSession(parseChain('near-duplicate-guard'), [lone], 0, createRng(1));
  expect(share(flagged(session, sampleOf(20, 'sent')))).toBe(0);
});
