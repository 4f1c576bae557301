import { array, assert, nat, property } from 'fast-check';
import { expect, test } from 'vitest';
import { StreamParser } from './event-stream.ts';

const text =
  ': connected\n\nid: a:1\ndata: {"x":1}\n\nid: a:2\r\nevent: note\r\ndata: one\r\ndata: two\r\n\r\nretry: 5\n\n';
const messages = [
  { id: 'a:1', event: 'message', data: '{"x":1}' },
  { id: 'a:2', event: 'note', data: 'one\ntwo' },
];

test('messages are the same wherever the network cuts them', () => {
  assert(
    property(array(nat(text.length)), (cuts) => {
      const parser = new StreamParser();
      const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
      const read = places.flatMap((place, i) => parser.push(text.slice(place, places[i + 1] ?? place)));
      expect(read).toEqual(messages);
    }),
  );
});
