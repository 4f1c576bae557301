import { z } from 'zod';

/** How a deployed embedding service is asked: `endpoint.json`. Secrets never stand in it, only the names of variables. */

/** Where the base64 text of an image goes in a JSON body. */
export const imagePlaceholder = '${IMAGE}';

/** `${ENV:NAME}`: the value of an environment variable, filled in when a request is sent and at no other time. */
export const environmentPlaceholder = /\$\{ENV:([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Headers and query parameters of these names carry secrets: their values must come from the environment. */
const SECRET_NAME = /auth|cookie|token|secret|password|(^|[-_])key($|[-_])|apikey/i;

const text = z.string().min(1);
const pointer = z
  .string()
  .regex(/^(\/.*)?$/, { error: 'must be a JSON pointer (RFC 6901): "" or /data/0/embedding' });

const jsonBody = z.strictObject({
  kind: z.literal('json'),
  template: z
    .unknown()
    .describe(
      'Sent as it stands, but for "${IMAGE}" (base64 of an image; also inside a longer text, as a data URL). A list whose only entry contains it is repeated for each image of a batch',
    ),
});
const multipartBody = z.strictObject({
  kind: z.literal('multipart'),
  imageField: text.describe('Name of the part that is the image file; repeated for each image of a batch'),
  fields: z.record(text, z.string()).default({}).describe('Other parts'),
});
const rawBody = z.strictObject({ kind: z.literal('raw') }).describe('The image file itself; one per request');

const request = z.strictObject({
  method: z.enum(['POST', 'PUT']).default('POST'),
  headers: z
    .record(text, z.string())
    .default({})
    .describe('Values may contain ${ENV:NAME}; those of secrets must'),
  body: z.discriminatedUnion('kind', [jsonBody, multipartBody, rawBody]),
});

const image = z.strictObject({
  size: z.int().min(8).max(2048).describe('Side in pixels of the square images that are sent'),
  resize: z
    .enum(['crop', 'stretch'])
    .default('crop')
    .describe('crop: the shorter side to size, then the center; stretch: both sides to size'),
  format: z.enum(['png', 'jpeg']).default('png'),
  quality: z.int().min(1).max(100).default(95).describe('Of JPEG'),
});

const response = z.strictObject({
  vectors: pointer.describe('JSON pointer to the list of vectors, in the order asked, or to the one vector'),
  each: pointer.default('').describe('JSON pointer from an entry of that list to its vector'),
  encoding: z
    .enum(['numbers', 'base64-float32'])
    .default('numbers')
    .describe('A list of numbers, or base64 of little-endian float32'),
});

const rate = z.strictObject({
  requestsPerSecond: z.number().positive().max(1000).default(5),
  concurrency: z.int().min(1).max(64).default(1).describe('Requests under way at a time'),
});

const retry = z.strictObject({
  attempts: z.int().min(1).max(20).default(6).describe('Times a request is sent before the run stops'),
  firstDelaySeconds: z
    .number()
    .positive()
    .max(60)
    .default(1)
    .describe('Doubled at each attempt, with jitter'),
  longestDelaySeconds: z.number().positive().max(3600).default(60).describe('Also of a Retry-After'),
});

export const endpointSchema = z
  .strictObject({
    $schema: z.string().optional(),
    revision: z
      .string()
      .default('')
      .describe(
        'What the service runs, in your words. Raise it when the model behind the address changes: recorded replies of another revision are not used',
      ),
    request,
    image,
    batchSize: z.int().min(1).max(2048).default(1).describe('Images per request'),
    response,
    rate: rate.prefault({}),
    timeoutSeconds: z.number().positive().max(600).default(30).describe('From sending to the last byte'),
    retry: retry.prefault({}),
    pricePerImage: z
      .number()
      .nonnegative()
      .describe('US dollars for each image asked; 0 where it costs you nothing'),
    maxSpend: z
      .number()
      .nonnegative()
      .describe(
        'US dollars that this service may cost, over all audits of one database. Nothing is asked beyond',
      ),
  })
  .superRefine((settings, context) => {
    const complain = (path: readonly string[], message: string): void =>
      context.addIssue({ code: 'custom', path: [...path], message });
    const { body, headers } = settings.request;
    for (const [name, value] of Object.entries(headers))
      if (SECRET_NAME.test(name) && !value.includes('${ENV:'))
        complain(
          ['request', 'headers', name],
          'carries a secret: take its value from the environment, as in "Bearer ${ENV:TOKEN}"',
        );
    if (body.kind === 'raw' && settings.batchSize > 1)
      complain(['batchSize'], 'must be 1 for a raw body, which is one image');
    if (body.kind !== 'json') return;
    const places = imagePlaces(body.template);
    if (places.length !== 1)
      complain(
        ['request', 'body', 'template'],
        `must contain "${imagePlaceholder}" once; it is there ${places.length} times`,
      );
    else if (settings.batchSize > 1 && places[0]?.inList !== true)
      complain(
        ['batchSize'],
        `must be 1: no list with "${imagePlaceholder}" as its only entry is there to be repeated`,
      );
  });

/** `endpoint.json` with every default filled in. Stored with an audit: it holds names of variables, no secrets. */
export type EndpointSettings = z.infer<typeof endpointSchema>;

/** A deployed service as the victim of an audit. */
export interface EndpointVictim {
  /** Without user name and password; a query parameter may be `${ENV:NAME}`. */
  readonly url: string;
  readonly settings: EndpointSettings;
}

/** What an audit has asked of the network. */
export interface NetworkUse {
  readonly url: string;
  readonly requests: number;
  /** Images asked, repeats and failed requests included. */
  readonly images: number;
  /** US dollars at the price of `endpoint.json`: an upper bound, since a failed request counts as paid. */
  readonly dollars: number;
  /** Different images with a recorded reply. */
  readonly recorded: number;
}

/** Where the placeholder stands, and whether a list can be repeated around it. */
function imagePlaces(value: unknown, inList = false): readonly { readonly inList: boolean }[] {
  if (typeof value === 'string')
    return value
      .split(imagePlaceholder)
      .slice(1)
      .map(() => ({ inList }));
  if (Array.isArray(value)) return value.flatMap((entry) => imagePlaces(entry, inList || value.length === 1));
  if (typeof value === 'object' && value !== null)
    return Object.values(value).flatMap((entry) => imagePlaces(entry, inList));
  return [];
}

/** Is this name one whose value must come from the environment? */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}
