import { describe, expect, test } from 'vitest';
import type { BenchReport, SideResult } from '../../audits/bench/result.ts';
import { replaceBetween } from '../../audits/report/markdown-markers.ts';
import { renderMarkdown } from './markdown.ts';

const block = (units: number, othersSeconds = 0) => ({
  runs: units,
  units,
  seconds: 2,
  processorSeconds: 4,
  othersSeconds,
  peakMemoryBytes: 1.25e9,
});
const side = (name: string, given: Partial<SideResult>): SideResult => ({
  name,
  device: 'cpu',
  isReference: false,
  threads: 2,
  versions: {},
  check: [1, 0.5],
  blocks: [],
  failure: null,
  ...given,
});
const training = {
  kind: 'training',
  network: 'resnet18',
  batchSize: 32,
  learningRate: 1e-3,
  weightDecay: 1e-4,
} as const;

const report: BenchReport = {
  schemaVersion: 1,
  startedAt: '2026-11-24T10:00:00.000Z',
  machine: { processor: 'Example', cores: 2 },
  settings: { threads: 2, rounds: 3, seconds: 2 },
  notes: ['onnx webgpu does not take part: no adapter'],
  results: [
    {
      id: 'training:resnet18:32',
      title: 'Training ResNet-18, batch 32',
      unit: 'step',
      workload: training,
      sides: [
        side('onnx cpu', { blocks: [block(2), block(3), block(4)], versions: { node: '24.0.0' } }),
        side('other', { blocks: [block(1), block(1), block(1)], check: [2, 1] }),
        side('broken', { failure: 'out | of memory', check: [] }),
        side('PyTorch', { isReference: true, blocks: [block(4), block(4), block(4, 1)] }),
      ],
    },
  ],
};

describe('the table of a stored report', () => {
  const lines = renderMarkdown(report).split('\n');
  const row = (name: string) => lines.find((line) => line.includes(`| ${name} |`));

  test('says machine, threads, rounds and versions', () => {
    expect(lines[0]).toContain('2026-11-24 on processor Example, cores 2');
    expect(lines[1]).toContain('2 threads');
    expect(lines[1]).toContain('3 rounds');
    expect(lines[1]).toContain('node 24.0.0');
  });

  test('gives the median speed and the ratio with its lowest and highest round', () => {
    expect(row('onnx cpu')).toBe(
      '| Training ResNet-18, batch 32 | onnx cpu | 1.50 steps | 0.75 (0.50-1.00) | 0.75 (0.50-1.00) | 1.3 GB | 0.0 | 0 |',
    );
    expect(row('PyTorch')).toContain('| 2.00 steps | 1 |');
  });

  test('says where two sides did not compute the same', () => {
    expect(row('other')).toContain('**not the same computation**');
  });

  test('keeps a side that failed, with its reason', () => {
    expect(row('broken')).toContain('failed: out \\| of memory');
  });

  test('ends with what could not be measured', () => {
    expect(lines.at(-1)).toBe('- onnx webgpu does not take part: no adapter');
  });

  test('marks speeds of a shared machine', () => {
    expect(lines.join('\n')).not.toContain('\\*');
    const shared = [side('onnx cpu', { blocks: [block(2, 1)] })];
    const results = report.results.map((result) => ({ ...result, sides: shared }));
    const text = renderMarkdown({ ...report, results });
    expect(text).toContain('0.5 \\*');
    expect(text).toContain('waits at barriers');
  });
});

describe('the document', () => {
  test('keeps what stands around the markers', () => {
    const document = 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n';
    expect(replaceBetween(document, 'bench', 'new')).toBe(
      'before\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nafter\n',
    );
  });

  test.each(['no markers', '<!-- bench:end --> <!-- bench:begin -->'])('is refused: %s', (document) => {
    expect(() => replaceBetween(document, 'bench', 'new')).toThrow('bench:begin');
  });
});
