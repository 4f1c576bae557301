import { withPage } from './open-page.ts';

/**
 * Pictures of elements of a self-contained page, as PNG with two pixels for each of the page.
 * @param names ids of the elements
 * @throws MoatError `browser-missing`, `browser-failed`
 */
export async function takePictures(
  html: string,
  names: readonly string[],
  say?: (line: string) => void,
): Promise<readonly Uint8Array[]> {
  return withPage(
    html,
    async (page) => {
      const pictures: Uint8Array[] = [];
      for (const name of names)
        pictures.push(await page.locator(`#${name}`).screenshot({ animations: 'disabled' }));
      return pictures;
    },
    { purpose: 'draw the figures', say, scale: 2 },
  );
}
