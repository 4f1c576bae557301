import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';

/** A page of the app, with everything that must never happen in it written down. */
export interface AppPage {
  readonly page: Page;
  /** Violations of the policy, errors, and requests to anywhere else than the app's own origin. */
  readonly complaints: readonly string[];
}

const reportViolations = `document.addEventListener('securitypolicyviolation', (event) => {
  console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample);
});`;

export async function openApp(
  browser: Browser,
  url: string,
  options: NonNullable<Parameters<Browser['newContext']>[0]> = {},
): Promise<AppPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  // A worker that starts on a busy machine takes its time.
  page.setDefaultTimeout(120_000);
  const complaints: string[] = [];
  const { origin } = new URL(url);
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    // What the engine answers is the screens' to show, errors too; the browser notes those of every request.
    const { url: about } = message.location();
    if (!about.startsWith(`${origin}/api/`)) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!/^(data:|about:)/.test(request.url()) && new URL(request.url()).origin !== origin)
      complaints.push(`asked for ${request.url()}`);
  });
  await page.addInitScript(reportViolations);
  await page.goto(url);
  return { page, complaints };
}

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe-core finds in the page as it stands: nothing, where it is well. It runs beside the page, whose policy stays as it is. */
export async function axeViolations(page: Page): Promise<readonly unknown[]> {
  await page.evaluate(readFileSync(axeFile, 'utf8'));
  // The only moving things are transitions: judged are the colours they end with. They are brought there
  // rather than waited for: what a closed block hides gets no frames, and its transitions never end by themselves.
  await page.evaluate('document.getAnimations().forEach((animation) => animation.finish())');
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: readonly Violation[] }> };
    };
    return (await axe.run()).violations;
  });
  return found.map(({ id, nodes }) => ({
    id,
    nodes: nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
  }));
}
