import { withPage } from './open-page.ts';

/**
 * Prints a self-contained page as a tagged PDF with bookmarks. No script of the page runs and nothing is loaded.
 * @throws MoatError `browser-missing`, `browser-failed`
 */
export async function printPage(html: string, say?: (line: string) => void): Promise<Uint8Array> {
  return withPage(
    html,
    (page) => page.pdf({ preferCSSPageSize: true, printBackground: true, tagged: true, outline: true }),
    { purpose: 'print the report', say },
  );
}
