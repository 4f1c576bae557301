import { chromium, type Browser } from 'playwright-core';
import { chromiumArguments, findChromium } from '../../audits/report/pdf/chromium.ts';
import { MoatError } from '../../audits/contract/errors.ts';

/** A real Chromium for tests; undefined, said aloud, where this machine has none. */
export async function openBrowser(): Promise<Browser | undefined> {
  try {
    const program = await findChromium();
    return await chromium.launch({ executablePath: program, args: [...chromiumArguments] });
  } catch (error) {
    if (!(error instanceof MoatError) || error.code !== 'browser-missing') throw error;
    console.warn('SKIPPED: no Chromium on this machine, tests in a browser do not run.');
    return undefined;
  }
}
