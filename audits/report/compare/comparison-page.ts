import { cleanText, jsonText } from '../../contract/clean-text.ts';
import { defenseName, UNDEFENDED } from '../../contract/defense-name.ts';
import type { ComparedFigures, ComparisonInput } from '../../contract/report.ts';
import type { ReportContext } from '../formats/format.ts';
import { loadStaticRenderer } from '../static-renderer.ts';
import type { ComparedSide, Comparison } from './compare-results.ts';

type PageContext = Pick<ReportContext, 'writtenAt' | 'moatVersion' | 'printPage' | 'say'>;

/** A comparison as one self-contained page. */
export async function comparisonPage(
  comparison: Comparison,
  sides: readonly [before: ComparedSide, after: ComparedSide],
  context: PageContext,
): Promise<string> {
  const { renderComparison } = await loadStaticRenderer(context.say);
  return renderComparison(pageInput(comparison, sides, context));
}

/** The same on paper, with the comparison attached. @throws MoatError `browser-missing`, `browser-failed` */
export async function comparisonPdf(
  comparison: Comparison,
  sides: readonly [before: ComparedSide, after: ComparedSide],
  context: PageContext,
): Promise<Uint8Array> {
  const [page, { printPage }, { finishPdf }] = await Promise.all([
    comparisonPage(comparison, sides, context),
    import('../pdf/print.ts'),
    import('../pdf/finish.ts'),
  ]);
  const printed = await (context.printPage?.(page) ?? printPage(page, context.say));
  const [before, after] = [comparison.before, comparison.after].map(({ auditId, defense }) =>
    defense === null ? `audit ${auditId}` : `${defenseName(defense)} of audit ${auditId}`,
  );
  return finishPdf(printed, {
    title: cleanText(`What changed from ${before} to ${after}`),
    subject: 'Comparison of model exposure audits',
    writtenAt: context.writtenAt,
    moatVersion: context.moatVersion,
    json: `${jsonText(comparison)}\n`,
    attachment: 'comparison.json',
  });
}

function pageInput(
  comparison: Comparison,
  [before, after]: readonly [before: ComparedSide, after: ComparedSide],
  { writtenAt, moatVersion }: PageContext,
): ComparisonInput {
  return {
    comparison,
    before: figuresOf(before),
    after: figuresOf(after),
    writtenAt,
    moatVersion,
  };
}

function figuresOf({ result, defense }: ComparedSide): ComparedFigures {
  const verdicts = result.verdicts.filter(
    (verdict) => defense === null || verdict.defense === defense || verdict.defense === UNDEFENDED,
  );
  return { curves: result.curves, verdicts, policy: result.config.policy };
}
