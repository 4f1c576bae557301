import type { Migration } from '../migrate.ts';
import { initial } from './0001-initial.ts';
import { reportViews } from './0002-report-views.ts';
import { annotations } from './0003-annotations.ts';

/** In order; a released one is never changed. */
export const migrations: readonly Migration[] = [initial, reportViews, annotations];
