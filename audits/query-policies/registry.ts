import type { VersionedSpec } from '../contract/cell.ts';
import { MoatError } from '../contract/errors.ts';
import { coverageMinimizing } from './coverage-minimizing.ts';
import { kCenter } from './k-center.ts';
import type { QueryPolicyDefinition } from './query-policy.ts';
import { random } from './random.ts';

/** Every query policy, in the order in which lists show them. */
export const queryPolicies: readonly QueryPolicyDefinition[] = Object.freeze([
  random,
  kCenter,
  coverageMinimizing,
]);

/** The policy of a cell that names none. */
export const defaultQueryPolicy = random;

/** @throws MoatError `method-unknown` with the known ids */
export function findQueryPolicy(id: string): QueryPolicyDefinition {
  const found = queryPolicies.find(({ meta }) => meta.id === id);
  if (found === undefined)
    throw new MoatError(
      'method-unknown',
      `There is no query policy "${id}"; there are ${queryPolicies.map(({ meta }) => meta.id).join(', ')}.`,
    );
  return found;
}

/** As a policy enters a cell's key: not at all for the default, so that cells of earlier audits keep their keys. */
export function versionQueryPolicy(id: string): VersionedSpec | undefined {
  const { meta } = findQueryPolicy(id);
  return meta.id === defaultQueryPolicy.meta.id
    ? undefined
    : { id: meta.id, version: meta.version, config: {} };
}
