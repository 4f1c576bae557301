import { expect, test } from 'vitest';
import { BridgeError, sentenceOf } from './bridge.ts';
import { electronBridge } from './electron.ts';
import type { MoatWindow } from './window.ts';

const hint = 'Check the path.';
const sentence = (message: string, itsHint?: string) =>
  sentenceOf(
    new BridgeError({ code: 'path-missing', message, ...(itsHint === undefined ? {} : { hint: itsHint }) }),
  );

test.each([
  ['There is no file /x.', hint, 'There is no file /x. Check the path.'],
  [' There is no file /x. ', ` ${hint} `, 'There is no file /x. Check the path.'],
  ['There is no file /x', hint, 'There is no file /x. Check the path.'],
  ['There is no file /x. Check the path.', hint, 'There is no file /x. Check the path.'],
  ['There is no file /x.', '', 'There is no file /x.'],
  ['There is no file /x.', undefined, 'There is no file /x.'],
])('"%s" with the hint "%s" is said as "%s"', (message, itsHint, said) => {
  expect(sentence(message, itsHint)).toBe(said);
});

test('what no engine said has no hint', () => {
  expect(sentenceOf(new Error('Broken.'))).toBe('Broken.');
  expect(sentenceOf('Broken.')).toBe('Broken.');
});

test('the desktop app’s bridge carries the hint', async () => {
  const error = { code: 'path-missing', message: 'There is no file /x.', details: {}, hint } as const;
  const moat = { call: () => Promise.resolve({ ok: false, error }) } as Partial<MoatWindow> as MoatWindow;
  await expect(electronBridge(moat).call('audits.list', {})).rejects.toMatchObject({
    name: 'BridgeError',
    code: 'path-missing',
    hint,
  });
});

test.each(['chooseFolder', 'chooseFile', 'saveFile', 'openPath'] as const)(
  'a dialog of the desktop app that fails says what to do: %s',
  async (name) => {
    const error = { code: 'dialog-failed', message: 'No dialog', details: {}, hint: 'Try again.' } as const;
    const moat = { [name]: () => Promise.resolve({ ok: false, error }) } as Partial<MoatWindow> as MoatWindow;
    const asked = electronBridge(moat).dialogs?.[name]('A title', '' as never);
    await expect(asked).rejects.toMatchObject({ name: 'BridgeError', code: 'dialog-failed' });
    await expect(asked?.catch(sentenceOf)).resolves.toBe('No dialog. Try again.');
  },
);

test('a path that was chosen is a path, and a dialog that was cancelled null', async () => {
  const answers = ['/photos', null];
  const chooseFolder = () => Promise.resolve({ ok: true, value: answers.shift() } as const);
  const { dialogs } = electronBridge({ chooseFolder } as Partial<MoatWindow> as MoatWindow);
  expect(await dialogs?.chooseFolder('Pool')).toBe('/photos');
  expect(await dialogs?.chooseFolder('Pool')).toBeNull();
});
