import { z } from 'zod';
import { encoderOptionsSchema } from '../../report/config-schema.ts';
import { ask } from '../answering.ts';
import { defineBridgeMethod } from '../method.ts';
import { placeSchema } from '../place.ts';

/** Looks at an encoder file: what it is, how its images are prepared, whether an audit can use it. */
export const encoderInspect = defineBridgeMethod({
  name: 'encoder.inspect',
  request: z.strictObject({
    path: placeSchema,
    options: encoderOptionsSchema.strict(),
    images: placeSchema.optional(),
    expect: placeSchema.optional(),
  }),
  run: (request, context) => ask(context, { kind: 'inspect', ...request }),
});
