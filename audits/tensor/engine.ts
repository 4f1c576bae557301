import type { Engine, EngineId } from '../contract/engine.ts';

/** Engines are loaded when first asked for: each brings its own native or tensor library. */
export async function createEngine(id: EngineId, options: { readonly threads: number }): Promise<Engine> {
  if (id === 'onnx') return (await import('./onnx/engine.ts')).createOnnxEngine(options.threads);
  if (id === 'tensorflow') return (await import('./tensorflow/engine.ts')).createTensorflowEngine(options);
  return (await import('./reference/engine.ts')).createReferenceEngine();
}
