import { chromium, type Page } from 'playwright-core';
import { MoatError } from '../../contract/errors.ts';
import { chromiumArguments, findChromium } from './chromium.ts';

/** A browser that hangs must not hang the command; a large report on a busy machine takes a minute or two. */
const MOST_MS = 300_000;
const ADDRESS = 'https://report.invalid/';

/**
 * Opens a self-contained page in a browser of this machine, with its letters in place, and closes it after use. No script of
 * the page runs and nothing is loaded.
 * @param scale pixels of a picture for each of the page
 * @throws MoatError `browser-missing`, `browser-failed` with what could not be done
 */
export async function withPage<T>(
  html: string,
  use: (page: Page) => Promise<T>,
  options: {
    readonly purpose: string;
    readonly say?: ((line: string) => void) | undefined;
    readonly scale?: number;
  },
): Promise<T> {
  const program = await findChromium(options.say);
  try {
    const browser = await chromium.launch({
      executablePath: program,
      args: [...chromiumArguments],
      timeout: MOST_MS,
    });
    try {
      const context = await browser.newContext({
        javaScriptEnabled: false,
        offline: true,
        colorScheme: 'light',
        deviceScaleFactor: options.scale ?? 1,
      });
      context.setDefaultTimeout(MOST_MS);
      const page = await context.newPage();
      // An address of its own, which no server has: links within a page without one are lost on paper.
      await page.route('**', (route) =>
        route.request().url() === ADDRESS
          ? route.fulfill({ contentType: 'text/html; charset=utf-8', body: html })
          : route.abort(),
      );
      await page.goto(ADDRESS, { waitUntil: 'load' });
      // Faces inside the stylesheet are decoded beside the page: a print before that would show other letters.
      await page.evaluate('document.fonts.ready.then(() => undefined)');
      return await withinTime(use(page));
    } finally {
      await browser.close();
    }
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new MoatError('browser-failed', `${program} could not ${options.purpose}: ${reason}`, { cause });
  }
}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${MOST_MS / 1000} s`)), MOST_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
