/** The only place that loads sharp. Electron's build puts electron/engine/sharp.ts in its place. */
import sharp from 'sharp';

export type { Sharp } from 'sharp';
export default sharp;
