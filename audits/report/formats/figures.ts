import { stringify } from 'csv-stringify/sync';
import type { ReportFigure } from '../../contract/report.ts';
import { MoatError } from '../../contract/errors.ts';
import { pageInput } from '../page-input.ts';
import { loadStaticRenderer } from '../static-renderer.ts';
import { guardFormula } from './csv.ts';
import type { FolderFormat } from './format.ts';

/**
 * Each figure as a drawing (SVG), a picture (PNG) and the numbers it draws (CSV). Pictures need a browser; where there is none,
 * or one that fails, the other two are written, and a line says so.
 */
export const figures: FolderFormat = {
  id: 'figures',
  title: 'each figure as SVG, PNG and CSV, in a folder',
  folder: 'figures',
  isOnRequest: true,
  renderFiles: async (result, context) => {
    const { renderFigures, renderFigureSheet } = await loadStaticRenderer(context.say);
    const drawn = renderFigures(pageInput(result, context));
    const pictures = await picturesOf(drawn, renderFigureSheet, context.say);
    return drawn.flatMap(({ name, svg, table }, i) => {
      const picture = pictures[i];
      return [
        { name: `${name}.svg`, content: svg },
        ...(picture === undefined ? [] : [{ name: `${name}.png`, content: picture }]),
        { name: `${name}.csv`, content: tableText(table) },
      ];
    });
  },
};

async function picturesOf(
  drawn: readonly ReportFigure[],
  sheet: (figures: readonly ReportFigure[]) => string,
  say: ((line: string) => void) | undefined,
): Promise<readonly Uint8Array[]> {
  if (drawn.length === 0) return [];
  const { takePictures } = await import('../pdf/picture.ts');
  try {
    return await takePictures(
      sheet(drawn),
      drawn.map(({ name }) => `figure-${name}`),
      say,
    );
  } catch (error) {
    if (!(error instanceof MoatError) || !['browser-missing', 'browser-failed'].includes(error.code))
      throw error;
    say?.(
      `figures are written as SVG and CSV, their PNG pictures are left out. ${error.message} Install Chrome, Chromium or Edge, or name one with MOAT_BROWSER.`,
    );
    return [];
  }
}

function tableText(table: ReportFigure['table']): string {
  return stringify(
    table.map((row) => row.map((value) => (typeof value === 'string' ? guardFormula(value) : value))),
    { record_delimiter: 'windows', cast: { boolean: (value) => (value ? '1' : '0') } },
  );
}
