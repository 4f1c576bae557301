import { mkdirSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { createRng } from '../../audits/rng.ts';

const SIDE = 16;

/**
 * Writes `classes` folders of `perClass` PNG files each: noisy gradients whose direction and hue tell the class.
 * @param seed different seeds give different images of the same classes
 */
export async function writeTinyImages(
  folder: string,
  options: { readonly classes: number; readonly perClass: number; readonly seed: string },
): Promise<void> {
  for (let label = 0; label < options.classes; label++) {
    const target = path.join(folder, `class-${label}`);
    mkdirSync(target, { recursive: true });
    for (let i = 0; i < options.perClass; i++) {
      const pixels = tinyImage(label / options.classes, `${options.seed}/${label}/${i}`);
      await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
        .png()
        .toFile(path.join(target, `${i}.png`));
    }
  }
}

function tinyImage(position: number, name: string): Buffer {
  const rng = createRng(name);
  const angle = 2 * Math.PI * position + 0.3 * rng.normal();
  const brightness = 90 + 20 * rng.normal();
  const pixels = Buffer.alloc(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++)
      for (let channel = 0; channel < 3; channel++) {
        const slope = (Math.cos(angle) * (x - SIDE / 2) + Math.sin(angle) * (y - SIDE / 2)) * 8;
        const hue = 40 * Math.cos(angle + (channel * 2 * Math.PI) / 3);
        pixels[(y * SIDE + x) * 3 + channel] = Math.max(
          0,
          Math.min(255, brightness + slope + hue + 12 * rng.normal()),
        );
      }
  return pixels;
}
