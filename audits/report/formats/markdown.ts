import path from 'node:path';
import type { AuditResult, DefenseVerdict, Estimate, Flag } from '../../contract/result.ts';
import { decideGate, verdictText } from '../../score/gate.ts';
import { count, dollars, percent, points, withInterval } from '../../score/sentences.ts';
import type { ReportFormat } from './format.ts';
import { markdownCode, markdownRow, markdownTableCode, markdownText } from './markdown-text.ts';

/** A comment on a pull request is read in passing: beyond these the report itself is the place. */
const MOST_DEFENSES = 40;
const MOST_FLAGS = 10;
const severities: readonly Flag['severity'][] = ['invalidates', 'weakens', 'note'];

/** The verdict, the numbers behind it and what weakens them, short enough for a comment on a pull request. */
export const markdown: ReportFormat = {
  id: 'md',
  title: 'a summary for a comment on a pull request',
  extension: 'md',
  render: (result) => Promise.resolve(`${renderMarkdown(result).join('\n')}\n`),
};

function renderMarkdown(result: AuditResult): readonly string[] {
  const gate = decideGate(result);
  const { policy, preset } = result.config;
  const accounts = policy.accounts.join(' and ');
  return [
    `## ${markdownCode(path.basename(result.encoder.path))}: ${verdictText(gate.verdict)}`,
    '',
    `**${markdownText(result.headline)}**`,
    '',
    `Policy at ${count(policy.budget)} queries and ${accounts} account${accounts === '1' ? '' : 's'}: ${gate.sentence}. ${markdownText(result.recommendation.sentence)}`,
    '',
    ...defenseTable(result),
    ...findingList(result),
    ...flagList(result.flags),
    ...notMeasured(result),
    // A green word is read as more than it says.
    'A pass means: these attacks failed at this budget. Intervals are 95 %; stolen gain 0 is what a thief has without a query, 1 the encoder itself.',
    '',
    `<sub>Moat ${markdownText(result.moatVersion)}, audit ${markdownCode(result.auditId)}, ${result.state}, ${result.createdAt.slice(0, 10)}, preset ${preset.id} v${preset.version}, ${count(result.cost.queries)} queries (${dollars(result.cost.dollars)}), encoder SHA-256 ${markdownCode(result.encoder.digest.slice(0, 16))}</sub>`,
  ];
}

function defenseTable({ verdicts, flags, matrix }: AuditResult): readonly string[] {
  if (verdicts.length === 0) return ['No defense was judged.', ''];
  const rows = verdicts.slice(0, MOST_DEFENSES).map((verdict) => {
    const keys = new Set(
      matrix.filter(({ defense }) => defense === verdict.defense).flatMap(({ cellKeys }) => cellKeys),
    );
    const own = flags.filter(
      ({ scope, severity }) =>
        severity !== 'note' &&
        (scope === `defense:${verdict.defense}` || (scope.startsWith('cell:') && keys.has(scope.slice(5)))),
    );
    return markdownRow([
      markdownTableCode(verdict.defense),
      verdict.verdict === 'pass' ? '**pass**' : verdictText(verdict.verdict),
      verdict.strongestAttack === null ? 'none measured' : markdownTableCode(verdict.strongestAttack),
      estimateText(verdict.worstStolenGain, percent),
      evidenceText(verdict.worstStolenGain),
      verdict.defense === 'none' ? '' : estimateText(verdict.protection, percent),
      lossText(verdict),
      estimateText(verdict.worstRecallAt10, percent),
      [...new Set(own.map(({ id }) => markdownTableCode(id)))].join(', '),
    ]);
  });
  const left = verdicts.length - rows.length;
  return [
    markdownRow([
      'defense',
      'verdict',
      'strongest attack',
      'stolen gain',
      'seeds x items',
      'protection',
      'honest-user loss',
      'recall@10',
      'flags',
    ]),
    markdownRow(['---', '---', '---', '---:', '---:', '---:', '---:', '---:', '---']),
    ...rows,
    '',
    ...(left > 0 ? [`${left} more defenses stand in the full report.`, ''] : []),
  ];
}

function lossText({ defense, worstHonestLoss }: DefenseVerdict): string {
  return defense === 'none' && worstHonestLoss === null ? '' : estimateText(worstHonestLoss, points);
}

function estimateText(estimate: Estimate | null, spell: (value: number) => string): string {
  return estimate === null ? 'not measured' : markdownText(withInterval(estimate, spell));
}

function evidenceText(estimate: Estimate | null): string {
  return estimate === null ? '' : `${count(estimate.seeds)} x ${count(estimate.items)}`;
}

function findingList({ findings }: AuditResult): readonly string[] {
  if (findings.length === 0) return [];
  return [
    '**Findings**',
    '',
    ...findings.map(
      ({ severity, confidence, title }) => `- ${severity} (${confidence}): ${markdownText(title)}`,
    ),
    '',
  ];
}

function flagList(flags: readonly Flag[]): readonly string[] {
  const worstFirst = flags.toSorted(
    (a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity),
  );
  if (worstFirst.length === 0) return [];
  const left = worstFirst.length - MOST_FLAGS;
  return [
    '**What weakens these numbers**',
    '',
    ...worstFirst
      .slice(0, MOST_FLAGS)
      .map(
        ({ severity, id, scope, sentence }) =>
          `- ${severity}: ${markdownText(sentence)} (${markdownCode(id)}, ${markdownCode(scope)})`,
      ),
    ...(left > 0 ? [`- ${left} more in the full report`] : []),
    '',
  ];
}

/** Cells without a number, by why: none of them says that an attack failed. */
function notMeasured({ matrix }: AuditResult): readonly string[] {
  const byState = Map.groupBy(
    matrix.filter(({ state }) => state !== 'done'),
    ({ state }) => state,
  );
  if (byState.size === 0) return [];
  const counts = [...byState].map(([state, cells]) => `${cells.length} ${state.replaceAll('-', ' ')}`);
  return [`Of ${count(matrix.length)} cells without a number: ${counts.join(', ')}.`, ''];
}
