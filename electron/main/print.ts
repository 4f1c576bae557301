import { MoatError } from '../../audits/contract/errors.ts';
import { webPreferences } from './web-preferences.ts';

export const PRINT_SCHEME = 'moat-print';
const ADDRESS = `${PRINT_SCHEME}://report/`;
const MOST_MS = 120_000;

/** A report is one file: its styles and letters stand in it, and nothing in it runs. */
const policy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  'font-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

export interface PrintParts {
  readonly BrowserWindow: typeof Electron.BrowserWindow;
  /** Of this purpose alone, in memory. */
  readonly session: Electron.Session;
  readonly after: (milliseconds: number, run: () => void) => () => void;
}

/**
 * Prints a self-contained page in a window that nobody sees: a tagged PDF with bookmarks, as `moat report` makes it.
 * One at a time.
 */
export function createPrinter({
  BrowserWindow,
  session,
  after,
}: PrintParts): (html: string) => Promise<Uint8Array> {
  let html = '';
  let last: Promise<unknown> = Promise.resolve();
  session.protocol.handle(PRINT_SCHEME, ({ url }) =>
    url === ADDRESS
      ? new Response(html, {
          headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy },
        })
      : new Response(null, { status: 404 }),
  );

  async function print(page: string): Promise<Uint8Array> {
    html = page;
    const window = new BrowserWindow({ show: false, webPreferences: { ...webPreferences(), session } });
    const late = Promise.withResolvers<never>();
    const stop = after(MOST_MS, () => late.reject(new Error(`no page within ${MOST_MS / 1000} s`)));
    try {
      const printed = (async () => {
        await window.loadURL(ADDRESS);
        // Faces inside the stylesheet are decoded beside the page: a print before that would show other letters.
        await window.webContents.executeJavaScript('document.fonts.ready.then(() => undefined)');
        return window.webContents.printToPDF({
          preferCSSPageSize: true,
          printBackground: true,
          generateTaggedPDF: true,
          generateDocumentOutline: true,
        });
      })();
      return await Promise.race([printed, late.promise]);
    } catch (cause) {
      throw new MoatError('browser-failed', `The report could not be printed: ${String(cause)}`, { cause });
    } finally {
      stop();
      html = '';
      window.destroy();
    }
  }

  return (page) => {
    const printed = last.then(() => print(page));
    last = printed.catch(() => undefined);
    return printed;
  };
}
