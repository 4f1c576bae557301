import { pageInput } from '../page-input.ts';
import { loadStaticRenderer } from '../static-renderer.ts';
import type { ReportFormat } from './format.ts';

/** The report for people: one file with everything in it, for a screen of either brightness and for paper. */
export const html: ReportFormat = {
  id: 'html',
  title: 'the report for people, one self-contained page',
  extension: 'html',
  render: async (result, context) => {
    const { renderReport } = await loadStaticRenderer(context.say);
    return renderReport(pageInput(result, context));
  },
};
