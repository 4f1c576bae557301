import { writeFileSync } from 'node:fs';
import { createRng, type Rng } from '../../audits/rng.ts';
import { encodeModel, type OnnxNode, type OnnxTensor } from '../../audits/tensor/onnx/proto.ts';
import { floats, node } from '../fixtures/models/image-model.ts';
import { tensorDataType } from '../../audits/tensor/onnx/proto.ts';

/** Blocks of each stage and the width inside them; a block answers with four times as many channels (He et al., CVPR 2016). */
const STAGES = [
  { blocks: 3, width: 64 },
  { blocks: 4, width: 128 },
  { blocks: 6, width: 256 },
  { blocks: 3, width: 512 },
] as const;
const EXPANSION = 4;
const SIDE = 224;
export const RESNET50_DIMENSION = 512 * EXPANSION;
/** Sums over the shortcut would double the variance sixteen times. */
const RESIDUAL_SCALE = 0.3;
/** Normal numbers drawn once, of which each layer takes a stretch of its own. */
const DRAWN = 1_000_003;

/**
 * Writes a ResNet-50 as an ImageNet export has it: `input [batch, 3, 224, 224]`, normalised; `embedding [batch, 2048]`; batch norms
 * folded into the convolutions. Random weights, 94 MB.
 */
export function writeResnet50(file: string): void {
  writeFileSync(file, resnet50(createRng('resnet-50')));
}

function resnet50(rng: Rng): Uint8Array {
  const normals = Float32Array.from({ length: DRAWN }, () => rng.normal());
  const nodes: OnnxNode[] = [];
  const weights: OnnxTensor[] = [];
  let place = 0;
  /** A convolution with a bias; its name is that of its output. */
  const convolve = (
    name: string,
    input: string,
    shape: { readonly from: number; readonly to: number; readonly kernel: number; readonly stride?: number },
    scale = 1,
  ): string => {
    const { from, to, kernel, stride = 1 } = shape;
    const deviation = scale * Math.sqrt(2 / (from * kernel * kernel));
    const values = new Float32Array(to * from * kernel * kernel);
    for (let i = 0; i < values.length; i++) values[i] = deviation * (normals[place++ % DRAWN] ?? 0);
    weights.push(
      {
        name: `${name}.weight`,
        dims: [to, from, kernel, kernel],
        dataType: tensorDataType.float32,
        rawData: new Uint8Array(values.buffer),
      },
      floats(
        `${name}.bias`,
        [to],
        Array.from({ length: to }, () => 0),
      ),
    );
    const pad = (kernel - 1) / 2;
    nodes.push(
      node('Conv', [input, `${name}.weight`, `${name}.bias`], name, {
        kernel_shape: [kernel, kernel],
        strides: [stride, stride],
        pads: [pad, pad, pad, pad],
      }),
    );
    return name;
  };
  const rectify = (input: string): string => {
    nodes.push(node('Relu', [input], `${input}.relu`));
    return `${input}.relu`;
  };
  const block = (name: string, input: string, from: number, width: number, stride: number): string => {
    const to = width * EXPANSION;
    const narrow = rectify(convolve(`${name}.1`, input, { from, to: width, kernel: 1 }));
    const wide = rectify(convolve(`${name}.2`, narrow, { from: width, to: width, kernel: 3, stride }));
    const residual = convolve(`${name}.3`, wide, { from: width, to, kernel: 1 }, RESIDUAL_SCALE);
    const shortcut =
      from === to ? input : convolve(`${name}.shortcut`, input, { from, to, kernel: 1, stride });
    nodes.push(node('Add', [residual, shortcut], `${name}.sum`));
    return rectify(`${name}.sum`);
  };
  const stem = rectify(convolve('stem', 'input', { from: 3, to: 64, kernel: 7, stride: 2 }));
  nodes.push(
    node('MaxPool', [stem], 'pooled', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  );
  let maps = 'pooled';
  let channels = 64;
  for (const [stage, { blocks, width }] of STAGES.entries())
    for (let at = 0; at < blocks; at++) {
      maps = block(`stage${stage + 1}.${at}`, maps, channels, width, at === 0 && stage > 0 ? 2 : 1);
      channels = width * EXPANSION;
    }
  nodes.push(node('GlobalAveragePool', [maps], 'mean'), node('Flatten', ['mean'], 'embedding'));
  const port = (name: string, sizes: readonly number[]) => ({
    name,
    type: {
      tensorType: {
        elemType: tensorDataType.float32,
        shape: { dim: [{ dimParam: 'batch' }, ...sizes.map((dimValue) => ({ dimValue }))] },
      },
    },
  });
  return encodeModel({
    irVersion: 8,
    producerName: 'pytorch',
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'main_graph',
      node: nodes,
      initializer: weights,
      input: [port('input', [3, SIDE, SIDE])],
      output: [port('embedding', [RESNET50_DIMENSION])],
      valueInfo: [],
    },
  });
}
