import type { AuditInputs, OwnershipWork } from '../contract/cell.ts';

/** Raised whenever what ownership tests measure in an audit changes: part of the keys of cells that make them. */
const OWNERSHIP_VERSION = 1;

/** Private and public images a side at most, as `moat own` takes them. */
export const MOST_OWNERSHIP_IMAGES = 2000;

/** What a cell's ownership readings depend on beside its encoder; nothing where none are taken. */
export function ownershipWork({ ownership }: AuditInputs): { readonly ownership?: OwnershipWork } {
  if (ownership === undefined) return {};
  const { private: own, public: strangers } = ownership;
  return {
    ownership: {
      version: OWNERSHIP_VERSION,
      ...(own === null ? {} : { private: own }),
      ...(strangers === null ? {} : { public: strangers }),
    },
  };
}
