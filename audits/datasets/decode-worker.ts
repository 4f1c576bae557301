/** A decoding thread: takes a block of stored images, answers with its pixels. It never sees a tensor library. */
import { parentPort } from 'node:worker_threads';
import { createImageDecoder } from './decode.ts';
import { decodeBlock } from './decode-block.ts';
import type { DecodeRequest } from './decode-threads.ts';
import { unpackItems } from './packed-items.ts';

const decode = createImageDecoder();

parentPort?.on('message', ({ packed, geometry }: DecodeRequest) => {
  void decodeBlock(decode, unpackItems(packed), geometry).then((block) =>
    parentPort?.postMessage(block, [block.data.buffer]),
  );
});
