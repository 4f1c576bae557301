import path from 'node:path';
import { z } from 'zod';
import type { AppSettings } from '../contract/bridge.ts';
import { MoatError } from '../contract/errors.ts';
import { writeFileAtomic } from '../run/files.ts';
import { readJson } from '../settings/settings.ts';
import type { ServeContext } from './method.ts';
import { absoluteSchema } from './place.ts';

const dollars = z.number().nonnegative().nullable();

const entries = {
  theme: z.enum(['system', 'light', 'dark']),
  engine: z.string().min(1).max(40),
  device: z.string().min(1).max(40),
  workers: z.int().positive().max(64).nullable(),
  price: dollars,
  gpuHour: dollars,
  accountPrice: dollars,
  labelPrice: dollars,
  trainingCost: dollars,
  reportFolder: absoluteSchema,
};

/** What `settings.set` may change: any of them. */
export const settingsChanges = z.strictObject(entries).partial();

type Place = Pick<ServeContext, 'settingsFolder'>;
const fileOf = ({ settingsFolder }: Place): string => path.join(settingsFolder, 'settings.json');

/** What the user set, over the defaults. @throws MoatError `configuration-invalid` */
export function readAppSettings(place: Place): AppSettings {
  const file = fileOf(place);
  // An entry of another version is no reason to lose the others.
  const parsed = z
    .object(entries)
    .partial()
    .safeParse(readJson(file) ?? {});
  if (!parsed.success)
    throw new MoatError(
      'configuration-invalid',
      `${file}: ${parsed.error.issues[0]?.path.join('.') ?? ''} ${parsed.error.issues[0]?.message ?? 'is invalid'}; correct it or remove the file.`,
    );
  const given = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
  return { ...defaults(place), ...Object.fromEntries(given) };
}

/** @throws MoatError `file-unwritable`, `disk-full` */
export function changeAppSettings(place: Place, changes: z.infer<typeof settingsChanges>): AppSettings {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const settings: AppSettings = { ...readAppSettings(place), ...Object.fromEntries(given) };
  writeFileAtomic(fileOf(place), [`${JSON.stringify(settings, null, 2)}\n`]);
  return settings;
}

function defaults({ settingsFolder }: Place): AppSettings {
  return {
    theme: 'system',
    engine: 'auto',
    device: 'auto',
    workers: null,
    price: null,
    gpuHour: null,
    accountPrice: null,
    labelPrice: null,
    trainingCost: null,
    reportFolder: path.join(path.dirname(settingsFolder), 'moat-report'),
  };
}
