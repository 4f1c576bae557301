import path from 'node:path';
import { parseAcceptances, type Acceptance } from '../report/compare/acceptances.ts';
import { writeFileAtomic } from '../run/files.ts';
import { readJson } from '../settings/settings.ts';
import type { ServeContext } from './method.ts';

/** Findings that somebody accepted: a file of the same form as `--accepted` takes (docs/accepted.schema.json). */

type Place = Pick<ServeContext, 'settingsFolder'>;
const fileOf = ({ settingsFolder }: Place): string => path.join(settingsFolder, 'accepted.json');

/** @throws MoatError `configuration-invalid` */
export function readAccepted(place: Place): readonly Acceptance[] {
  const file = fileOf(place);
  return parseAcceptances(readJson(file) ?? { accepted: [] }, file);
}

/** @throws MoatError `file-unwritable`, `disk-full` */
export function writeAccepted(place: Place, accepted: readonly Acceptance[]): readonly Acceptance[] {
  writeFileAtomic(fileOf(place), [`${JSON.stringify({ accepted }, null, 2)}\n`]);
  return accepted;
}
