import { z } from 'zod';
import { ask } from '../answering.ts';
import { defineBridgeMethod } from '../method.ts';
import { placeSchema } from '../place.ts';

/** Looks at a folder or file of images: how many, which classes, some of them as pictures. */
export const dataLook = defineBridgeMethod({
  name: 'data.look',
  request: z.strictObject({ path: placeSchema }),
  run: ({ path }, context) => ask(context, { kind: 'look', path }),
});
