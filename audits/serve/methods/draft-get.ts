import { z } from 'zod';
import { readStoredDraft } from '../draft-file.ts';
import { defineBridgeMethod } from '../method.ts';

export const draftGet = defineBridgeMethod({
  name: 'draft.get',
  request: z.strictObject({}),
  run: (_request, context) => ({ draft: readStoredDraft(context) }),
});
