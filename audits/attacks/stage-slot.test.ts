import { expect, test } from 'vitest';
import { countedSlot } from '../../test/helpers/attack-runs.ts';
import { stageSlot } from './stage-slot.ts';

const tensors = (value: number) => ({ weights: { shape: [1], data: Float32Array.of(value) } });

test('each stage finds what it saved last, whatever the other did since', async () => {
  const slot = countedSlot();
  const [first, second] = [stageSlot(slot, 'first'), stageSlot(slot, 'second')];
  expect(await first.load()).toBeUndefined();
  await first.save({ progress: { epoch: 1 }, tensors: tensors(1) });
  await first.save({ progress: { epoch: 2 }, tensors: tensors(2) });
  expect(await second.load()).toBeUndefined();
  await second.save({ progress: { epoch: 1 }, tensors: tensors(3) });
  expect(await first.load()).toEqual({ progress: { epoch: 2 }, tensors: tensors(2) });
  expect(await second.load()).toEqual({ progress: { epoch: 1 }, tensors: tensors(3) });
});
