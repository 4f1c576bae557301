import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { hashImage } from '../../audits/datasets/image-hash.ts';

/** What a service does with one request instead of, or before, answering it. */
export type Misbehavior =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string; readonly body?: string }
  | { readonly kind: 'drop' }
  /** Never answers. */
  | { readonly kind: 'hold' }
  | { readonly kind: 'body'; readonly body: string };

export interface EmbeddingService {
  readonly url: string;
  /** Identities of the images of every request that was answered, in the order of the answers. */
  readonly answered: string[];
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly at: number }[];
  close(): Promise<void>;
}

/**
 * A local embedding service: base64 images in `{"images": [...]}`, vectors in `{"data": [{"embedding": [...]}]}`.
 * @param embed vectors of RGB pixels `[height, width, 3]`
 * @param misbehave asked for each request by its number from 0; undefined: answer
 */
export async function startEmbeddingService(options: {
  embed(pixels: Uint8Array, height: number, width: number): Promise<readonly number[]> | readonly number[];
  misbehave?(request: number): Misbehavior | undefined;
}): Promise<EmbeddingService> {
  const answered: string[] = [];
  const requests: EmbeddingService['requests'] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const number = requests.length;
    requests.push({ headers: request.headers, at: performance.now() });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const fault = options.misbehave?.(number);
    if (fault?.kind === 'hold') return;
    if (fault?.kind === 'drop') {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'status') {
      const { status, retryAfter, body = '' } = fault;
      response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end(body);
      return;
    }
    if (fault?.kind === 'body') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(fault.body);
      return;
    }
    const { images } = JSON.parse(Buffer.concat(chunks).toString()) as { images: readonly string[] };
    const data: { embedding: readonly number[] }[] = [];
    const hashes: string[] = [];
    for (const image of images) {
      const { data: raw, info } = await sharp(Buffer.from(image, 'base64'))
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const pixels = new Uint8Array(raw);
      hashes.push(hashImage(pixels, info.height, info.width));
      data.push({ embedding: await options.embed(pixels, info.height, info.width) });
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data }));
    answered.push(...hashes);
  };
  const server: Server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/embed`,
    answered,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
