import process from 'node:process';
import { chromium, type Browser } from 'playwright-core';

let opened: Promise<Browser> | undefined;

/** The one Chromium of this app; a test finds its pages through the port. */
export function browser(): Promise<Browser> {
  opened ??= chromium.launch({
    executablePath: process.env['MOAT_STAND_IN_CHROMIUM'] ?? '',
    args: ['--disable-gpu', `--remote-debugging-port=${process.env['MOAT_STAND_IN_PORT'] ?? ''}`],
    handleSIGINT: false,
    handleSIGTERM: false,
  });
  return opened;
}

export async function closeBrowser(): Promise<void> {
  await (await opened)?.close();
}
