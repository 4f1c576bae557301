import { expect, test } from 'vitest';
import { builtinDemo } from '../encoder/demo-encoder.ts';
import { configureAudit } from './configure.ts';

const request = { encoder: builtinDemo, encoderOptions: {}, pools: [], tasks: [], preset: 'demo' };

test('rows to fit and to score are the preset’s unless the request names them', () => {
  const preset = configureAudit(request).evaluation;
  const named = configureAudit({ ...request, fitRows: 300, scoreRows: 200 }).evaluation;
  expect(named).toEqual({ ...preset, fitRows: 300, scoreRows: 200 });
  expect(preset.fitRows).not.toBe(300);
});

test.each([99, 0.5, Number.NaN])('%d rows are too few, or none', (count) => {
  expect(() => configureAudit({ ...request, scoreRows: count })).toThrow(/--score-rows takes a whole number/);
});
