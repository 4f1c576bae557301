import { expect, test } from 'vitest';
import type { AuditEntry } from '../../audits/contract/bridge.ts';
import { filterAudits, tagsOf } from './search.ts';

const entry = (changes: Partial<AuditEntry>): AuditEntry => ({
  id: 'a1' as AuditEntry['id'],
  createdAt: '2026-01-02T03:04:05.000Z',
  finishedAt: null,
  state: 'completed',
  encoder: '/models/Face-Encoder.onnx',
  preset: 'quick',
  cellsTotal: 4,
  cellsDone: 4,
  cellsFailed: 0,
  tags: [],
  note: '',
  deletedAt: null,
  verdict: 'pass',
  ...changes,
});

test('every word must be found, in whichever of name, preset, tags, note', () => {
  const entries = [entry({ tags: ['release'] }), entry({ note: 'before the release', encoder: '/b.onnx' })];
  expect(filterAudits(entries, { text: 'FACE release', outcome: '' })).toEqual([entries[0]]);
  expect(filterAudits(entries, { text: 'release', outcome: '' })).toEqual(entries);
  expect(filterAudits(entries, { text: 'release nothing', outcome: '' })).toEqual([]);
});

test('an audit that did not complete counts by its state, whatever verdict an older result left', () => {
  const stopped = entry({ state: 'cancelled', verdict: 'fail' });
  const failed = entry({ verdict: 'fail' });
  expect(filterAudits([stopped, failed], { text: '', outcome: 'fail' })).toEqual([failed]);
  expect(filterAudits([stopped, failed], { text: '', outcome: 'cancelled' })).toEqual([stopped]);
});

test('tags are trimmed and each is kept once', () => {
  expect(tagsOf(' a, b,a ,, c d ')).toEqual(['a', 'b', 'c d']);
});
