import path from 'node:path';
import { z } from 'zod';
import { MoatError } from '../contract/errors.ts';
import { writeFileAtomic } from '../run/files.ts';
import { readJson } from '../settings/settings.ts';
import type { ServeContext } from './method.ts';

/**
 * What somebody typed into the form of a new audit, kept beside the settings: a browser keeps things per port, and a server may
 * get another one each time. What its fields mean only the form knows.
 */

export const draftSchema = z.record(z.string().max(100), z.unknown());
export type StoredDraft = z.infer<typeof draftSchema>;

/** Far more than any form holds, and nothing that fills a disk. */
const MOST_LETTERS = 1_000_000;

type Place = Pick<ServeContext, 'settingsFolder'>;
const fileOf = ({ settingsFolder }: Place): string => path.join(settingsFolder, 'new-audit.json');

/** @returns null where there is none that can be read: a form begins empty then */
export function readStoredDraft(place: Place): StoredDraft | null {
  try {
    return draftSchema.nullable().parse(readJson(fileOf(place)) ?? null);
  } catch {
    return null;
  }
}

/** @throws MoatError `usage`, `file-unwritable`, `disk-full` */
export function storeDraft(place: Place, draft: StoredDraft): void {
  const text = JSON.stringify(draft);
  if (text.length > MOST_LETTERS) throw new MoatError('usage', 'This form holds too much to be kept.');
  writeFileAtomic(fileOf(place), [text]);
}
