import type { EncoderDescription, EncoderOptions } from '../contract/encoder.ts';
import type { OnnxModel } from '../tensor/onnx/proto.ts';
import { readEncoderFile } from './file.ts';
import { freeInputs, graphOutputs, standardOpset } from './graph.ts';
import { findImageInput } from './image-input.ts';
import { inputArithmetic } from './input-arithmetic.ts';
import { chooseOutput } from './output-choice.ts';
import { resolvePreprocessing } from './preprocessing.ts';
import { readPreprocessorConfig } from './preprocessor-config.ts';

/**
 * Everything that can be said about an encoder without running it: inputs and outputs, which of them are used
 * and why, and the preprocessing with the source of every value.
 * @throws MoatError `path-missing`, `encoder-not-onnx`, `encoder-truncated`, `encoder-external-data-missing`,
 * `encoder-not-image`, `encoder-output-unclear`, `encoder-preprocessing-invalid`
 */
export async function describeEncoder(path: string, options: EncoderOptions): Promise<EncoderDescription> {
  const { model, digest, sizeBytes } = await readEncoderFile(path);
  const inputs = freeInputs(model);
  const outputs = graphOutputs(model);
  const input = findImageInput(path, inputs, options.layout);
  const output = chooseOutput(
    path,
    outputs,
    { layout: input.layout, hasClassToken: hasClassToken(model) },
    options,
  );
  const configured = await readPreprocessorConfig(path);
  const arithmetic = inputArithmetic(model, input.port.name);
  const resolved = resolvePreprocessing({ ...input, arithmetic }, options, configured?.values);
  return {
    path,
    digest,
    sizeBytes,
    opset: standardOpset(model),
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    inputs,
    outputs,
    input: input.port.name,
    output: output.port.name,
    pooling: output.pooling,
    fixedBatch: input.fixedBatch,
    preprocessing: resolved.preprocessing,
    preprocessingSources: resolved.sources,
    notes: [...input.notes, ...output.notes, ...(configured?.notes ?? []), ...resolved.notes],
  };
}

/** Vision transformers name the weight of their class token; the name survives most exporters. */
function hasClassToken(model: OnnxModel): boolean {
  return model.graph.initializer.some(({ name = '' }) => /cls_?token|class_?(token|embedding)/i.test(name));
}
