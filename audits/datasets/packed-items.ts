import type { BlockItem } from './decode-block.ts';

/** A block of stored images as one buffer that moves between threads without a copy. */
export interface PackedItems {
  readonly bytes: ArrayBuffer;
  readonly items: readonly PackedItem[];
}

type PackedItem =
  | { readonly kind: 'encoded'; readonly length: number }
  | { readonly kind: 'pixels'; readonly length: number; readonly height: number; readonly width: number }
  | { readonly kind: 'unreadable'; readonly length: 0; readonly reason: string };

/** Copies: small files share one buffer with other things of Node's, which must not move along. */
export function packItems(blockItems: readonly BlockItem[]): PackedItems {
  const contents = blockItems.map(contentOf);
  const bytes = new Uint8Array(contents.reduce((sum, content) => sum + content.length, 0));
  let at = 0;
  const items = blockItems.map((item, i): PackedItem => {
    const content = contents[i] ?? nothing;
    bytes.set(content, at);
    at += content.length;
    if (item.kind === 'unreadable') return { kind: 'unreadable', length: 0, reason: item.reason };
    if (item.kind === 'encoded') return { kind: 'encoded', length: content.length };
    return { kind: 'pixels', length: content.length, height: item.height, width: item.width };
  });
  return { bytes: bytes.buffer, items };
}

export function unpackItems({ bytes, items }: PackedItems): readonly BlockItem[] {
  let at = 0;
  return items.map((item): BlockItem => {
    const content = new Uint8Array(bytes, at, item.length);
    at += item.length;
    if (item.kind === 'unreadable') return { kind: 'unreadable', reason: item.reason };
    if (item.kind === 'encoded') return { kind: 'encoded', bytes: content };
    return { kind: 'pixels', pixels: content, height: item.height, width: item.width };
  });
}

const nothing = new Uint8Array();

function contentOf(item: BlockItem): Uint8Array {
  if (item.kind === 'unreadable') return nothing;
  return item.kind === 'encoded' ? item.bytes : item.pixels;
}
