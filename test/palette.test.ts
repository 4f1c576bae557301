import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { html } from '../audits/report/formats/html.ts';
import { sampleResult, sampleTimeline, sampleVerdict } from '../audits/report/result.sample.ts';
import {
  contrast,
  distance,
  linear,
  oklab,
  seenAs,
  views,
  type Rgb,
  type View,
} from './helpers/color-vision.ts';

/** The palette in grey and with colour-vision deficiencies; and that no colour stands for a meaning alone. */

const root = path.join(import.meta.dirname, '..');
const theme = readFileSync(path.join(root, 'renderer/theme.css'), 'utf8');
const charts = readFileSync(path.join(root, 'renderer/charts/charts.css'), 'utf8');
const given = [...theme.matchAll(/(--[\w-]+):\s*light-dark\(\s*(#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)/g)];
const palettes = {
  light: new Map(given.map(([, name = '', light = '']) => [name, linear(light)])),
  dark: new Map(given.map(([, name = '', , dark = '']) => [name, linear(dark)])),
} as const;
type Scheme = keyof typeof palettes;

function colorOf(scheme: Scheme, name: string): Rgb {
  const color = palettes[scheme].get(name);
  if (color === undefined) throw new Error(`the ${scheme} theme has no ${name}`);
  return color;
}

const cases = (['light', 'dark'] as const).flatMap((scheme) => views.map((view) => [scheme, view] as const));
const steps = [0, 1, 2, 3, 4, 5, 6];

test('the simulation is the published one', () => {
  const close = (color: Rgb, expected: Rgb): void => {
    for (const [i, value] of color.entries()) expect(value).toBeCloseTo(expected[i] ?? NaN, 3);
  };
  // White and greys stay what they are; pure red loses most of its light to a protanope and little to a deuteranope.
  for (const view of views) close(seenAs([1, 1, 1], view), [1, 1, 1]);
  close(seenAs([1, 0, 0], 'protan'), [0.152, 0.115, 0]);
  close(seenAs([1, 0, 0], 'deutan'), [0.367, 0.28, 0]);
  expect(oklab([1, 1, 1])[0]).toBeCloseTo(1, 3);
  expect(contrast([1, 1, 1], [0, 0, 0])).toBeCloseTo(21, 6);
});

test.each(cases)('exposure is one scale of even lightness: %s, %s', (scheme, view) => {
  const lightness = steps.map((i) => oklab(seenAs(colorOf(scheme, `--exposure-${i}`), view))[0]);
  const differences = lightness.slice(1).map((value, i) => value - (lightness[i] ?? 0));
  // Pale to deep on white, dark to bright on black: one direction, no step too small to be seen.
  for (const difference of differences)
    expect(scheme === 'light' ? -difference : difference).toBeGreaterThan(0.03);
  expect(Math.abs((lightness.at(-1) ?? 0) - (lightness[0] ?? 0))).toBeGreaterThan(0.4);
});

test.each(['light', 'dark'] as const)('numbers on every step of exposure can be read: %s', (scheme) => {
  for (const step of steps) {
    const ink = step === 6 ? '--on-exposure-deep' : step === 5 ? '--on-exposure-5' : '--on-exposure-pale';
    expect(contrast(colorOf(scheme, `--exposure-${step}`), colorOf(scheme, ink))).toBeGreaterThan(4.5);
  }
});

const verdicts = ['pass', 'fail', 'inconclusive', 'not-measured'] as const;
test.each(cases.filter(([, view]) => view !== 'grey'))(
  'a pass does not look like a fail: %s, %s',
  (scheme, view) => {
    const seen = (word: string): Rgb => seenAs(colorOf(scheme, `--${word}`), view);
    expect(distance(seen('pass'), seen('fail'))).toBeGreaterThan(0.09);
    for (const word of verdicts)
      expect(contrast(colorOf(scheme, `--${word}`), colorOf(scheme, '--paper'))).toBeGreaterThan(4.5);
  },
);

test('lines that some eyes confuse have dashes of their own', () => {
  const dashOf = (series: number): string =>
    new RegExp(`\\.series-${series} \\.line \\{\\s*stroke-dasharray: ([^;]+);`).exec(charts)?.[1] ?? 'none';
  const dashes = [0, 1, 2, 3, 4, 5].map(dashOf);
  const confused = cases.flatMap(([scheme, view]) =>
    dashes.flatMap((_, a) =>
      dashes.flatMap((__, b) => (a < b && distanceOf(scheme, view, a, b) < 0.1 ? [[a, b] as const] : [])),
    ),
  );
  // Grey takes most of them together: without dashes this would be a picture of one line.
  expect(confused.length).toBeGreaterThan(0);
  for (const [a, b] of confused) expect(dashes[a]).not.toBe(dashes[b]);
  const onPaper = cases.flatMap(([scheme]) =>
    dashes.map((_, i) => contrast(colorOf(scheme, `--series-${i}`), colorOf(scheme, '--paper'))),
  );
  expect(Math.min(...onPaper)).toBeGreaterThan(3);
});

function distanceOf(scheme: Scheme, view: View, a: number, b: number): number {
  return distance(
    seenAs(colorOf(scheme, `--series-${a}`), view),
    seenAs(colorOf(scheme, `--series-${b}`), view),
  );
}

let markup = '';
beforeAll(async () => {
  const page = await html.render(
    sampleResult({
      timeline: sampleTimeline(),
      verdicts: verdicts.map((verdict, i) =>
        sampleVerdict({ verdict, ...(i === 0 ? {} : { defense: `defense-${i}` }) }),
      ),
    }),
    { profile: 'engineer', writtenAt: '2026-01-03T00:00:00.000Z', moatVersion: '0.1.0' },
  );
  markup = String(page).replaceAll(/<(style|script)>[\s\S]*?<\/\1>/g, '');
  // The first page of these sources is compiled here.
}, 600_000);

test('each verdict has its word and a shape of its own', () => {
  const shapes = verdicts.map((word) => {
    const [, drawing = '', text = ''] =
      new RegExp(`class="verdict verdict-${word}"[^>]*>\\s*<svg[^>]*>([\\s\\S]*?)</svg>([^<]*)<`).exec(
        markup,
      ) ?? [];
    expect(text.trim()).toBe(word.replace('-', ' '));
    return drawing.replaceAll(/\s+/g, ' ');
  });
  expect(new Set(shapes).size).toBe(verdicts.length);
});

test('whatever is coloured by a state or a severity says it in words too', () => {
  const coloured = [
    ...markup.matchAll(
      /<(td|th|span|p|a)\b[^>]*class="[^"]*\b(?:state-(?:failed|not-run|not-applicable)|severity-\w+|verdict-fail|flag-mark)\b[^"]*"[^>]*>([\s\S]*?)<\/\1>/g,
    ),
  ];
  expect(coloured.length).toBeGreaterThan(5);
  for (const [whole, , content = ''] of coloured)
    expect(content.replaceAll(/<[^>]*>/g, '').trim(), whole.slice(0, 120)).not.toBe('');
});

test('in the picture of the run a failure has its cross, and kinds differ without colour', () => {
  const run = markup.split('class="chart gantt"')[1]?.split('</svg>')[0] ?? '';
  expect(run.match(/bar-failed/g)).toHaveLength(1);
  expect(run.match(/class="bar-cross"/g)).toHaveLength(1);
  const rule = (kind: string): string =>
    new RegExp(`\\.bar-${kind} rect \\{([^}]*)\\}`).exec(charts)?.[1]?.replaceAll(/\s+/g, ' ') ?? '';
  // Dashes, an empty body, or ink: the plain bar is an attack's.
  for (const kind of ['honest', 'detection', 'independent', 'victim'])
    expect(rule(kind)).toMatch(/stroke-dasharray|fill: var\(--(paper|ink)\)/);
});
