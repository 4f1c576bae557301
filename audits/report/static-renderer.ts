import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtPages, type BuiltPages } from '../built-pages.ts';
import type { ComparisonInput, ReportFigure, ReportInput } from '../contract/report.ts';

/** What the built entry of `renderer/report/` offers. */
export interface StaticRenderer {
  /** A whole HTML file. */
  readonly renderReport: (input: ReportInput) => string;
  readonly renderComparison: (input: ComparisonInput) => string;
  readonly renderFigures: (input: ReportInput) => readonly ReportFigure[];
  /** One HTML page with all of them, each in an element `figure-NAME`, for pictures of them. */
  readonly renderFigureSheet: (figures: readonly ReportFigure[]) => string;
}

const pages: BuiltPages = {
  name: 'report-renderer',
  title: 'the report’s pages',
  script: 'build/renderer.ts',
  entry: 'report.js',
  sources: [
    'renderer/{charts,compare,components,report,text}/**/*.{ts,svelte,css,js}',
    'renderer/theme.css',
    'audits/contract/rounding.ts',
    'build/renderer*.ts',
    'audits/contract/clean-text.ts',
  ],
  packages: [
    'svelte',
    'vite',
    '@sveltejs/vite-plugin-svelte',
    'd3-scale',
    'd3-shape',
    '@fontsource/inter',
    '@fontsource/jetbrains-mono',
  ],
};

/**
 * The report's pages, compiled when they were not yet, or when their sources have changed since. Nothing of `renderer/` is
 * imported but what that build made of it.
 * @param say one line for people, where compiling takes its seconds
 * @throws MoatError `internal` with what the compiler said
 */
export async function loadStaticRenderer(say?: (line: string) => void): Promise<StaticRenderer> {
  const folder = await reportPages(say);
  return (await import(pathToFileURL(path.join(folder, pages.entry)).href)) as StaticRenderer;
}

/** Folder of that build. */
export function reportPages(say?: (line: string) => void): Promise<string> {
  return builtPages(pages, say);
}
