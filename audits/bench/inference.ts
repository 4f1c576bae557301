import type { Engine } from '../contract/engine.ts';
import { describeEncoder } from '../encoder/describe.ts';
import { createRng } from '../rng.ts';
import type { OpenWorkload, WorkloadOf } from './workload.ts';

/** Numbers of the first embedding that are compared. */
const CHECKED_VALUES = 3;

/** An encoder's forward pass on drawn input; a unit is an image. Preprocessing is not part of it. */
export async function openInference(
  workload: WorkloadOf<'inference'>,
  engine: Engine,
): Promise<OpenWorkload> {
  const { file } = workload;
  const { input, output, fixedBatch, preprocessing } = await describeEncoder(file, {});
  const model = await engine.loadModel(file);
  const port = model.inputs.find(({ name }) => name === input);
  const elementType =
    port?.elementType === 'float16' || port?.elementType === 'uint8' ? port.elementType : 'float32';
  const { height, width, layout } = preprocessing;
  const rows = fixedBatch ?? workload.batchSize;
  const shape = layout === 'nchw' ? [rows, 3, height, width] : [rows, height, width, 3];
  const stream = createRng('benchmark inference');
  const length = rows * 3 * height * width;
  const data =
    elementType === 'uint8'
      ? Uint8Array.from({ length }, () => stream.integer(256))
      : Float32Array.from({ length }, () => stream.uniform());
  const embed = async (): Promise<ArrayLike<number>> => {
    const results = await model.run({ [input]: { elementType, shape, data } }, [output]);
    return results[output]?.data ?? [];
  };
  return {
    arrays: { batch: { shape, data } },
    async check() {
      const embeddings = Array.from(await embed());
      const sum = embeddings.reduce((total, value) => total + Math.abs(value), 0);
      return [sum / embeddings.length, ...embeddings.slice(0, CHECKED_VALUES)];
    },
    async run() {
      await embed();
      return rows;
    },
    dispose: () => model.dispose(),
  };
}
