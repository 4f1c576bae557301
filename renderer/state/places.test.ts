import { expect, test } from 'vitest';
import { hrefOf, placeOf, type RouteName } from './places.ts';

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

const hasId: Readonly<Record<RouteName, boolean>> = {
  start: false,
  new: false,
  run: true,
  report: true,
  compare: false,
  history: false,
  settings: false,
};
test.each(Object.keys(hasId) as RouteName[])(
  'a link to %s leads there, whatever its id and query',
  (name) => {
    const id = 'ä/?#&=%';
    const query = { encoder: 'C:\\a b&c=d?#.onnx' };
    expect(placeOf(hrefOf(name, { id, query }))).toEqual({ name, id: hasId[name] ? id : null, query });
  },
);
