import type { AuditInputs, OwnershipWork } from '../contract/cell.ts';

/** Raised whenever what ownership tests measure in an audit changes: part of the keys of cells that make them. */
const OWNERSHIP_VERSION = 1;

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
