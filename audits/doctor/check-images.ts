import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ImageGeometry } from '../contract/encoder.ts';
import { openDataset } from '../datasets/dataset.ts';
import { readImages } from '../datasets/read.ts';
import sharp from '../datasets/sharp.ts';
import { packageVersion } from '../report/environment.ts';
import { ok, problem, type DoctorCheck } from './checks.ts';

/** A PNG of one red pixel. */
const RED_PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';
const RED = [255, 0, 0];
const geometry: ImageGeometry = {
  height: 1,
  width: 1,
  resize: 'stretch',
  resizeTo: 1,
  interpolation: 'nearest',
};

/** Decodes a known image file the way an audit does. */
export async function checkImages(): Promise<DoctorCheck> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'moat-doctor-'));
  try {
    writeFileSync(path.join(folder, 'red.png'), Buffer.from(RED_PNG, 'base64'));
    const dataset = await openDataset(folder);
    const { images } = await readImages(dataset, 'all', [0], geometry);
    const build = 'emscripten' in sharp.versions ? ' in WebAssembly' : '';
    const version = `${packageVersion('sharp') ?? 'missing'}${build}`;
    return RED.every((value, channel) => images.data[channel] === value)
      ? ok('images', `Image files are decoded correctly (sharp ${version}).`)
      : problem(
          'images',
          `sharp ${version} decodes a red pixel wrongly.`,
          'Run npm ci in the project folder.',
        );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
