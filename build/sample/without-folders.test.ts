import { expect, test } from 'vitest';
import { withoutFolders } from './without-folders.ts';

test.each([
  ['/home/me/models/encoder.onnx', 'encoder.onnx'],
  ['/data/cifar10', 'cifar10'],
  ['C:\\models\\encoder.onnx', 'encoder.onnx'],
  ['The file /home/me/a.onnx is gone.', 'The file a.onnx is gone.'],
  ['https://atlas.mitre.org/techniques/AML.T0040', 'https://atlas.mitre.org/techniques/AML.T0040'],
  ['accuracy and/or recall', 'accuracy and/or recall'],
  ['top-k:k=8 / rounding', 'top-k:k=8 / rounding'],
  ['builtin:demo', 'builtin:demo'],
])('%s is %s', (text, expected) => {
  expect(withoutFolders({ a: [text] })).toEqual({ a: [expected] });
});
