import { expect, test } from 'vitest';
import { hrefOf, placeOf, routes } from './routes.ts';

test.each([
  ['', { name: 'start', id: null, query: {} }],
  ['#/', { name: 'start', id: null, query: {} }],
  ['#/run/a%2Fb', { name: 'run', id: 'a/b', query: {} }],
  ['#/new?encoder=%2Fa%20b.onnx', { name: 'new', id: null, query: { encoder: '/a b.onnx' } }],
  ['#/run/', null],
  ['#/run', null],
  ['#/nowhere', null],
  ['#/history/more', null],
])('the address "%s" names %j', (hash, place) => {
  expect(placeOf(hash)).toEqual(place);
});

test.each(routes.map(({ name }) => name))('a link to %s leads there, whatever its id and query', (name) => {
  const id = 'ä/?#&=%';
  const query = { encoder: 'C:\\a b&c=d?#.onnx' };
  const hasId = routes.find((route) => route.name === name)?.path.includes(':id') === true;
  expect(placeOf(hrefOf(name, { id, query }))).toEqual({ name, id: hasId ? id : null, query });
});
