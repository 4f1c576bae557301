import { createHash } from 'node:crypto';
import { render } from 'svelte/server';
import theme from '../theme.css?inline';
import ComparisonPage from '../compare/ComparisonPage.svelte';
import { pageTexts } from '../text/page-text.ts';
import { shortenMiddle } from '../text/shorten.ts';
import behaviorModule from './behavior.js?raw';
import fonts from './fonts.css?inline';
import type { ComparisonInput, ReportFigure, ReportInput } from '../../audits/contract/report.ts';
import { figureSheet } from './figures.ts';
import styles from './report.css?inline';
import Report from './Report.svelte';

export { renderFigures } from './figures.ts';

/** A file has no modules to import from: the function, and its one call. */
const behavior = `${behaviorModule.replace('export default function', 'function')}enhance(document.body);\n`;

/** A page of figures with the report’s own letters, from which a browser takes their pictures. */
export function renderFigureSheet(figures: readonly ReportFigure[]): string {
  return figureSheet(figures, fonts);
}

/** The whole report as one HTML file. */
export function renderReport(given: ReportInput): string {
  const input = pageTexts(given);
  const name = input.result.encoder.path.split(/[/\\]/).at(-1) ?? '';
  return htmlFile(render(Report, { props: { input } }).body, {
    title: `${shortenMiddle(name, 60)}: model exposure audit ${input.result.auditId}`,
    generator: input.result.moatVersion,
  });
}

/** Two audits, or two defenses of one, held against each other, as one HTML file. */
export function renderComparison(given: ComparisonInput): string {
  const input = pageTexts(given);
  const [before, after] = [input.comparison.before, input.comparison.after].map(({ auditId, defense }) =>
    defense === null ? auditId : `${shortenMiddle(defense, 40)} of ${auditId}`,
  );
  return htmlFile(render(ComparisonPage, { props: { input } }).body, {
    title: `What changed: audit ${before} and ${after}`,
    generator: input.moatVersion,
  });
}

/**
 * Nothing is loaded from anywhere, and the page's own policy forbids it: the one style and the one script are named by their
 * digests, so that markup which slipped in would neither run nor load.
 */
function htmlFile(body: string, head: { readonly title: string; readonly generator: string }): string {
  const css = [fonts, theme, styles].join('\n');
  const policy = [
    "default-src 'none'",
    `style-src '${digest(css)}'`,
    `script-src '${digest(behavior)}'`,
    'font-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    `<meta name="generator" content="Moat ${escaped(head.generator)}">`,
    `<title>${escaped(head.title)}</title>`,
    `<style>${css}</style>`,
    '</head>',
    '<body>',
    // Markers for taking the page over in a browser; a file has nobody who would.
    body.replaceAll(/<!--[[\]!\d-]*-->/g, ''),
    `<script>${behavior}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
