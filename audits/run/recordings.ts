import { MoatError } from '../contract/errors.ts';
import type { MethodSpec } from '../contract/method.ts';
import { readRecordedReplies } from '../datasets/recorded-replies.ts';
import { chainRecordings, type Recordings } from '../defenses/chain.ts';

/**
 * The recorded tables which a chain answers from, read before its first session.
 * @throws MoatError `recording-changed` when a file is not the one the audit was configured with; as `readRecordedReplies`
 */
export function openRecordings(chain: readonly MethodSpec[]): Recordings {
  return new Map(
    chainRecordings(chain).map(({ file, digest }) => {
      const found = readRecordedReplies(file);
      if (found.digest !== digest)
        throw new MoatError('recording-changed', `${file} is not the table with which this audit began.`);
      return [digest, found.replies];
    }),
  );
}
