import { z } from 'zod';
import { draftSchema, storeDraft } from '../draft-file.ts';
import { defineBridgeMethod } from '../method.ts';

export const draftSet = defineBridgeMethod({
  name: 'draft.set',
  request: z.strictObject({ draft: draftSchema }),
  run: ({ draft }, context) => {
    storeDraft(context, draft);
    return { kept: true };
  },
});
