import type { AuditSummary } from '../../store/types.ts';
import { formatCount } from './numbers.ts';
import { renderTable } from './table.ts';
import { cleanText, shortenMiddle } from './text.ts';
import type { View } from './view.ts';

/** The audits of a database. */
export function renderAudits(summaries: readonly AuditSummary[], view: View): readonly string[] {
  if (summaries.length === 0) return ['No audits yet. Start one with: moat demo'];
  const isTagged = summaries.some(({ tags }) => tags.length > 0);
  return renderTable(
    {
      columns: [
        { title: 'audit', align: 'left' },
        { title: 'begun (UTC)', align: 'left' },
        { title: 'state', align: 'left' },
        { title: 'preset', align: 'left' },
        { title: 'cells', align: 'right' },
        { title: 'failed', align: 'right' },
        { title: 'encoder', align: 'left' },
        ...(isTagged ? [{ title: 'tags', align: 'left' } as const] : []),
      ],
      rows: summaries.map((summary) => [
        summary.id,
        summary.createdAt.slice(0, 16).replace('T', ' '),
        summary.state,
        cleanText(summary.preset),
        `${formatCount(summary.cellsDone)}/${formatCount(summary.cellsTotal)}`,
        formatCount(summary.cellsFailed),
        shortenMiddle(cleanText(summary.encoder), 32),
        ...(isTagged ? [shortenMiddle(cleanText(summary.tags.join(', ')), 24)] : []),
      ]),
    },
    view,
  );
}
