import { completeSpec, spellSpec } from '../contract/configuration.ts';
import { MoatError } from '../contract/errors.ts';
import type { MethodSpec } from '../contract/method.ts';
import { ownershipRegistry } from './registry.ts';

/** The ownership tests that an audit makes of every copy: those that need no disturbed images. */

const CHEAP = ['similarity-fingerprint', 'distance-test', 'rank-signature'];
const OF_PRIVATE_IMAGES = 'dataset-inference';
const PREFIX = 'ownership/';

/** @param hasPrivateImages whether the owner named private and public images: dataset inference is made only then */
export function auditTests(hasPrivateImages: boolean): readonly MethodSpec[] {
  const cheap = CHEAP.flatMap((id) => {
    const test = known(id);
    return test.runs.map((run) => completeSpec(test, run));
  });
  // Its usual config; the others look at noisy copies of the images.
  return hasPrivateImages ? [...cheap, completeSpec(known(OF_PRIVATE_IMAGES), {})] : cheap;
}

/** What a test's reading is called among a cell's measurements. */
export function ownershipMetric(spec: MethodSpec): string {
  return `${PREFIX}${spellSpec(known(spec.id), spec)}`;
}

/** The test of such a measurement; undefined for any other. */
export function testOfMetric(metric: string): string | undefined {
  return metric.startsWith(PREFIX) ? metric.slice(PREFIX.length) : undefined;
}

function known(id: string): NonNullable<ReturnType<typeof ownershipRegistry.find>> {
  const test = ownershipRegistry.find(id);
  if (test === undefined) throw new MoatError('internal', `There is no ownership test ${id}.`);
  return test;
}
