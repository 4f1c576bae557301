import { acceptancesSchema } from '../../report/compare/acceptances.ts';
import { readAccepted, writeAccepted } from '../accepted-file.ts';
import { defineBridgeMethod } from '../method.ts';

/** One that was accepted before is accepted anew. */
export const findingsAccept = defineBridgeMethod({
  name: 'findings.accept',
  request: acceptancesSchema.shape.accepted.element,
  run: (acceptance, context) => {
    const others = readAccepted(context).filter(({ finding }) => finding !== acceptance.finding);
    const accepted = writeAccepted(context, [...others, acceptance]);
    context.publish({ type: 'settings-changed' });
    return accepted;
  },
});
