import { cleanText } from '../../contract/clean-text.ts';
import { pageInput } from '../page-input.ts';
import { loadStaticRenderer } from '../static-renderer.ts';
import type { ReportContext, ReportFormat } from './format.ts';
import { json } from './json.ts';

/**
 * The page on paper, with the result attached; of many cells those that decide, since the attached result has them all. The same result printed by the same browser gives the same bytes.
 */
export const pdf: ReportFormat = {
  id: 'pdf',
  title: 'the report on paper, with the result attached',
  extension: 'pdf',
  isOnRequest: true,
  render: async (result, context) => {
    const [{ renderReport }, { finishPdf }] = await Promise.all([
      loadStaticRenderer(context.say),
      import('../pdf/finish.ts'),
    ]);
    const page = renderReport({ ...pageInput(result, context), isPaper: true });
    const printed = await (context.printPage?.(page) ?? printInBrowser(page, context));
    const name = result.encoder.path.split(/[/\\]/).at(-1) ?? '';
    return finishPdf(printed, {
      title: cleanText(`${name}: model exposure audit ${result.auditId}`),
      writtenAt: context.writtenAt,
      moatVersion: context.moatVersion,
      json: String(await json.render(result, context)),
    });
  },
};

async function printInBrowser(page: string, { say }: ReportContext): Promise<Uint8Array> {
  const { printPage } = await import('../pdf/print.ts');
  return printPage(page, say);
}
