import { expect, test } from 'vitest';
import { spellAttack } from '../attacks/resolve.ts';
import { endpointSchema } from '../contract/endpoint.ts';
import { builtinDemo } from '../encoder/demo-encoder.ts';
import { configureAudit, type AuditRequest } from './configure.ts';

const request: AuditRequest = {
  encoder: builtinDemo,
  encoderOptions: {},
  pools: [],
  tasks: [],
  preset: 'demo',
};
const controlsOf = (asked: AuditRequest): readonly string[] =>
  configureAudit(asked)
    .attacks.map(spellAttack)
    .filter((text) => text.startsWith('no-victim'));

test('a surrogate on a backbone stands on the built-in encoder where none is named, and is measured against it', () => {
  const surrogates = ['small-cnn', 'small-cnn:initialization=backbone-head'];
  expect(configureAudit(request).backbone).toBeNull();
  expect(controlsOf(request)).toEqual(['no-victim']);
  const asked = { ...request, surrogates };
  expect(configureAudit(asked).backbone).toBe(builtinDemo);
  expect(controlsOf(asked)).toEqual(['no-victim', 'no-victim:variant=backbone']);
  const own = { ...request, surrogates: ['small-cnn:initialization=own-ssl'] };
  expect(configureAudit(own).backbone).toBeNull();
});

test('the encoder that is named is the one', () => {
  const named = import.meta.filename;
  const surrogates = ['small-cnn:initialization=backbone-frozen'];
  expect(configureAudit({ ...request, surrogates, backbone: named }).backbone).toBe(named);
  expect(configureAudit({ ...request, backbone: builtinDemo }).backbone).toBe(builtinDemo);
  expect(() => configureAudit({ ...request, backbone: '/nowhere.onnx' })).toThrow(/does not exist/);
});

test('rows to fit and to score are the preset’s unless the request names them', () => {
  const preset = configureAudit(request).evaluation;
  const named = configureAudit({ ...request, fitRows: 300, scoreRows: 200 }).evaluation;
  expect(named).toEqual({ ...preset, fitRows: 300, scoreRows: 200 });
  expect(preset.fitRows).not.toBe(300);
});

test.each([99, 0.5, Number.NaN])('%d rows are too few, or none', (count) => {
  expect(() => configureAudit({ ...request, scoreRows: count })).toThrow(/--score-rows takes a whole number/);
});

test('a surrogate named as in the preset is the preset’s; its size, epochs and batch may be others', () => {
  const preset = configureAudit(request).surrogate;
  expect(configureAudit({ ...request, surrogates: ['small-cnn'] }).surrogate).toEqual(preset);
  const { surrogate, furtherSurrogates } = configureAudit({
    ...request,
    surrogates: ['small-cnn:epochs=3:batchSize=8', 'small-cnn:inputSize=32'],
  });
  expect(surrogate).toEqual({ ...preset, epochs: 3, batchSize: 8 });
  expect(furtherSurrogates).toEqual([{ settings: { ...preset, inputSize: 32 }, extent: 'battery' }]);
});

const endpoint = endpointSchema.parse({
  request: { body: { kind: 'json', template: { images: ['${IMAGE}'] } } },
  image: { size: 8 },
  pricePerImage: 0,
  maxSpend: 0,
  response: { vectors: '/data', each: '/embedding' },
});

test('what is measured beside what always is has to be known, and asks no service', () => {
  expect(configureAudit(request)).not.toHaveProperty('fidelity');
  expect(configureAudit({ ...request, fidelity: ['transfer', 'transfer'] }).fidelity).toEqual(['transfer']);
  expect(() => configureAudit({ ...request, fidelity: ['everything'] })).toThrow(/there is transfer/);
  const data = { pools: [builtinDemo], tasks: [{ name: 'demo', path: builtinDemo }] };
  const service = { ...request, ...data, encoder: 'https://x.test/', endpoint };
  expect(() => configureAudit({ ...service, fidelity: ['transfer'] })).toThrow(/not for a service/);
});

test('folders for ownership tests belong to ownership tests', () => {
  const folder = import.meta.dirname;
  expect(configureAudit(request)).not.toHaveProperty('ownership');
  expect(configureAudit({ ...request, ownership: true }).ownership).toEqual({ zoo: [] });
  expect(configureAudit({ ...request, ownership: true, private: folder }).ownership).toEqual({
    zoo: [],
    private: folder,
  });
  expect(() => configureAudit({ ...request, private: folder })).toThrow(/add --ownership/);
  expect(() => configureAudit({ ...request, ownership: true, public: folder })).toThrow(/with --private/);
  expect(() => configureAudit({ ...request, ownership: true, zoo: folder })).toThrow(/no .onnx file/);
});
