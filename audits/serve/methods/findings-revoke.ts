import { z } from 'zod';
import { readAccepted, writeAccepted } from '../accepted-file.ts';
import { defineBridgeMethod } from '../method.ts';

export const findingsRevoke = defineBridgeMethod({
  name: 'findings.revoke',
  request: z.strictObject({ finding: z.string().min(1) }),
  run: ({ finding: revoked }, context) => {
    const accepted = writeAccepted(
      context,
      readAccepted(context).filter(({ finding }) => finding !== revoked),
    );
    context.publish({ type: 'settings-changed' });
    return accepted;
  },
});
