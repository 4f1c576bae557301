import type { HostTensor, StepDefinition, StepValues } from '../contract/engine.ts';
import { createRng } from '../rng.ts';
import { batchNormTrain } from '../tensor/normalization.ts';
import {
  tf,
  valueAndGradients,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
} from '../tensor/ops.ts';

/** Two 3x3 convolutions, small enough for the reference engine and for a driver that compiles each operator first. */
export interface SmallNet {
  readonly batch: number;
  /** Side of the square images in pixels. */
  readonly side: number;
  /** Channels behind the first convolution; the second doubles them and halves the side. */
  readonly channels: number;
}

/** What engines are compared on: a step takes the reference engine some ten milliseconds. */
export const parityNet: SmallNet = { batch: 4, side: 8, channels: 8 };
/** What devices are timed on: about the work of the default surrogate, so that the winner is the audit's too. */
export const speedNet: SmallNet = { batch: 32, side: 16, channels: 64 };

const OUTPUTS = 16;
const MOMENTUM = 0.9;
const EPSILON = 1e-5;

/** One training step: convolution, batch norm, ReLU, strided convolution, mean pooling, linear head; SGD with momentum. */
export function smallStep({ batch, side, channels }: SmallNet): StepDefinition<Tensor> {
  const weights = {
    first: normals('first', [3, 3, 3, channels], Math.sqrt(2 / 27)),
    scale: filled([channels], 1),
    offset: filled([channels], 0),
    second: normals('second', [3, 3, channels, 2 * channels], Math.sqrt(2 / (9 * channels))),
    head: normals('head', [2 * channels, OUTPUTS], Math.sqrt(1 / (2 * channels))),
  };
  const names = Object.keys(weights);
  const velocities = Object.fromEntries(
    Object.entries(weights).map(([name, { shape }]) => [`velocity/${name}`, filled(shape, 0)]),
  );
  return {
    name: 'small net',
    state: { ...weights, ...velocities },
    inputs: {
      images: { shape: [batch, side, side, 3], dtype: 'float32' },
      targets: { shape: [batch, OUTPUTS], dtype: 'float32' },
      rate: { shape: [], dtype: 'float32' },
    },
    step(state, inputs) {
      const { value, gradients } = valueAndGradients(
        (parameters) => {
          const images = named(inputs, 'images') as Tensor4D;
          const maps = tf.conv2d(images, named(parameters, 'first') as Tensor4D, 1, 'same');
          const scale = named(parameters, 'scale') as Tensor1D;
          const { y } = batchNormTrain(maps, scale, named(parameters, 'offset') as Tensor1D, EPSILON);
          const deeper = tf.relu(tf.conv2d(tf.relu(y), named(parameters, 'second') as Tensor4D, 2, 1));
          const features: Tensor2D = tf.mean(deeper, [1, 2]);
          const embedding = tf.matMul(features, named(parameters, 'head'));
          return tf.mean(tf.square(tf.sub(embedding, named(inputs, 'targets'))));
        },
        Object.fromEntries(names.map((name) => [name, named(state, name)])),
      );
      const next: Record<string, Tensor> = {};
      for (const name of names) {
        const moved = tf.mul(named(state, `velocity/${name}`), MOMENTUM);
        const velocity = tf.add(moved, named(gradients, name));
        next[`velocity/${name}`] = velocity;
        next[name] = tf.sub(named(state, name), tf.mul(velocity, named(inputs, 'rate')));
      }
      return { state: next, outputs: { loss: value } };
    },
  };
}

/** The same inputs for every engine. @param step counted from 0 */
export function smallBatch({ batch, side }: SmallNet, step: number): StepValues {
  return {
    images: normals(`images/${step}`, [batch, side, side, 3], 1),
    targets: normals(`targets/${step}`, [batch, OUTPUTS], 1),
    rate: { shape: [], data: Float32Array.of(0.02) },
  };
}

function named(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new RangeError(`the small net has no tensor ${name}`);
  return tensor;
}

function filled(shape: readonly number[], value: number): HostTensor {
  return { shape, data: new Float32Array(sizeOf(shape)).fill(value) };
}

function normals(name: string, shape: readonly number[], deviation: number): HostTensor {
  const rng = createRng(`small net/${name}`);
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => rng.normal() * deviation) };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
