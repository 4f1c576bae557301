import type { ImageLayout } from '../contract/encoder.ts';
import type { ModelPort } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';

/** The one input that takes images, and what its shape says. */
export interface ImageInput {
  readonly port: ModelPort;
  readonly layout: ImageLayout;
  readonly layoutCertain: boolean;
  readonly height: number | null;
  readonly width: number | null;
  /** Rows per run when the file fixes it, else null. */
  readonly fixedBatch: number | null;
  readonly notes: readonly string[];
}

const pixelTypes: readonly string[] = ['float32', 'float16', 'uint8'];
const tokenNames = /input_ids|token|attention_mask|text|position_ids/i;

/**
 * Finds the image input: rank 4, three color channels at axis 1 or 3, float32, float16 or uint8.
 * @param wantedLayout settles what the shape leaves open
 * @throws MoatError `encoder-not-image` saying what the model takes instead
 */
export function findImageInput(
  path: string,
  inputs: readonly ModelPort[],
  wantedLayout: ImageLayout | undefined,
): ImageInput {
  const candidates = inputs.filter(
    (port) => port.shape.length === 4 && pixelTypes.includes(port.elementType),
  );
  const readable = candidates.flatMap((port) => {
    const layout = layoutOf(port);
    return layout === undefined ? [] : [{ port, ...layout }];
  });
  const [found] = readable;
  if (found === undefined) throw notImage(path, whyNoImage(inputs, candidates));
  const others = inputs.filter((port) => port !== found.port);
  if (others.length > 0)
    throw notImage(
      path,
      `besides the image "${found.port.name}" it needs ${others.map(describePort).join(' and ')}, which an image service does not send; export the image part alone`,
    );
  return settle(found.port, found.certain ? found.layout : (wantedLayout ?? found.layout), found);
}

function settle(
  port: ModelPort,
  layout: ImageLayout,
  { certain, note }: { readonly certain: boolean; readonly note: string | undefined },
): ImageInput {
  const [batch, ...rest] = port.shape;
  const [height, width] = layout === 'nchw' ? [rest[1], rest[2]] : [rest[0], rest[1]];
  return {
    port,
    layout,
    layoutCertain: certain,
    height: fixedSize(height),
    width: fixedSize(width),
    fixedBatch: fixedSize(batch),
    notes: note === undefined ? [] : [note],
  };
}

function fixedSize(size: number | string | undefined): number | null {
  return typeof size === 'number' ? size : null;
}

interface LayoutGuess {
  readonly layout: ImageLayout;
  readonly certain: boolean;
  readonly note: string | undefined;
}

/** Undefined when neither axis can hold three colors. */
function layoutOf(port: ModelPort): LayoutGuess | undefined {
  const [, first, second, last] = port.shape;
  if (first === 3 && last === 3)
    return {
      layout: 'nchw',
      certain: false,
      note: `Both axis 1 and axis 3 of "${port.name}" have size 3; NCHW is assumed.`,
    };
  if (first === 3) return { layout: 'nchw', certain: true, note: undefined };
  if (last === 3) return { layout: 'nhwc', certain: true, note: undefined };
  const named = (size: number | string | undefined): boolean =>
    typeof size === 'string' && /chan|^c$/i.test(size);
  if (named(first)) return { layout: 'nchw', certain: true, note: undefined };
  if (named(last)) return { layout: 'nhwc', certain: true, note: undefined };
  const free = (size: number | string | undefined): boolean => typeof size === 'string';
  if (free(first) && !(free(last) && typeof second === 'number'))
    return { layout: 'nchw', certain: false, note: undefined };
  return free(last) ? { layout: 'nhwc', certain: false, note: undefined } : undefined;
}

function whyNoImage(inputs: readonly ModelPort[], candidates: readonly ModelPort[]): string {
  const [candidate] = candidates;
  if (candidate !== undefined) {
    const gray = candidate.shape[1] === 1 || candidate.shape[3] === 1;
    return `${describePort(candidate)} has ${gray ? 'one color channel' : 'no axis of 3 color channels'}; Moat sends RGB images`;
  }
  const [only] = inputs;
  if (only === undefined) return 'it has no inputs at all';
  const isText = inputs.some((port) => /^int(32|64)$/.test(port.elementType) || tokenNames.test(port.name));
  if (isText) return `it takes ${inputs.map(describePort).join(', ')}: a text model`;
  const unbatched = inputs.find(
    (port) => port.shape.length === 3 && (port.shape[0] === 3 || port.shape[2] === 3),
  );
  if (unbatched !== undefined)
    return `${describePort(unbatched)} takes one image without a batch axis; export it with one`;
  const other = inputs.find((port) => port.shape.length === 4);
  if (other !== undefined) return `${describePort(other)} holds neither float32, float16 nor uint8 pixels`;
  return `it takes ${inputs.map(describePort).join(', ')}, and images need four axes`;
}

/** `"image" (float32 [batch, 3, 32, 32])` */
export function describePort(port: ModelPort): string {
  return `"${port.name}" (${port.elementType} [${port.shape.join(', ')}])`;
}

function notImage(path: string, reason: string): MoatError {
  return new MoatError('encoder-not-image', `${path} is not an image encoder: ${reason}.`);
}
