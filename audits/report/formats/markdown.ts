import path from 'node:path';
import { defenseName, UNDEFENDED } from '../../contract/defense-name.ts';
import type { AuditResult, DefenseVerdict, Estimate, Flag } from '../../contract/result.ts';
import { decideGate, verdictText } from '../../score/gate.ts';
import { count, dollars, percent, points, withInterval } from '../../score/sentences.ts';
import { crosswalk } from '../crosswalk/crosswalk.ts';
import type { ReportFormat, ReportProfile } from './format.ts';
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
  render: (result, { profile }) => Promise.resolve(`${renderMarkdown(result, profile).join('\n')}\n`),
};

/** Executive: what a decision needs. Regulator: nothing shortened, and the standards. Cells without a number are in each. */
function renderMarkdown(result: AuditResult, profile: ReportProfile): readonly string[] {
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
    ...defenseTable(result, profile),
    ...findingList(result, profile),
    ...flagList(result.flags, profile),
    ...notMeasured(result, profile),
    ...(profile === 'regulator' ? standardList(result) : []),
    // A green word is read as more than it says.
    'A pass means: these attacks failed at this budget. Intervals are 95 %; stolen gain 0 is what a thief has without a query, 1 the encoder itself.',
    '',
    `<sub>Moat ${markdownText(result.moatVersion)}, audit ${markdownCode(result.auditId)}, ${result.state}, ${result.createdAt.slice(0, 10)}, preset ${preset.id} v${preset.version}, ${count(result.cost.queries)} queries (${dollars(result.cost.dollars)}), encoder SHA-256 ${markdownCode(result.encoder.digest.slice(0, 16))}</sub>`,
  ];
}

function defenseTable(result: AuditResult, profile: ReportProfile): readonly string[] {
  const { verdicts, flags, matrix } = result;
  if (verdicts.length === 0) return ['No defense was judged.', ''];
  const shown = shownVerdicts(result, profile);
  const rows = shown.map((verdict) => {
    const keys = new Set(
      matrix.filter(({ defense }) => defense === verdict.defense).flatMap(({ cellKeys }) => cellKeys),
    );
    const own = flags.filter(
      ({ scope, severity }) =>
        severity !== 'note' &&
        (scope === `defense:${verdict.defense}` || (scope.startsWith('cell:') && keys.has(scope.slice(5)))),
    );
    return markdownRow([
      verdict.defense === UNDEFENDED ? defenseName(UNDEFENDED) : markdownTableCode(verdict.defense),
      verdict.verdict === 'pass' ? '**pass**' : verdictText(verdict.verdict),
      verdict.strongestAttack === null ? 'none measured' : markdownTableCode(verdict.strongestAttack),
      estimateText(verdict.worstStolenGain, percent),
      evidenceText(verdict.worstStolenGain),
      verdict.defense === UNDEFENDED ? '' : estimateText(verdict.protection, percent),
      lossText(verdict),
      estimateText(verdict.worstRecallAt10, percent),
      [...new Set(own.map(({ id }) => markdownTableCode(id)))].join(', '),
    ]);
  });
  const left = verdicts.filter((verdict) => !shown.includes(verdict));
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
    ...(left.length > 0
      ? [
          `${left.length} more stand in the full report: ${countWords(left.map(({ verdict }) => verdict))}.`,
          '',
        ]
      : []),
  ];
}

/** For a decision: no defense, and the one that is recommended. */
function shownVerdicts(
  { verdicts, recommendation }: AuditResult,
  profile: ReportProfile,
): readonly DefenseVerdict[] {
  if (profile === 'regulator') return verdicts;
  if (profile === 'engineer') return verdicts.slice(0, MOST_DEFENSES);
  return verdicts.filter(({ defense }) => defense === UNDEFENDED || defense === recommendation.defense);
}

/** `2 fail, 1 not measured`. */
function countWords(words: readonly string[]): string {
  return [...Map.groupBy(words, (word) => word)]
    .map(([word, all]) => `${all.length} ${word.replaceAll('-', ' ')}`)
    .join(', ');
}

function lossText({ defense, worstHonestLoss }: DefenseVerdict): string {
  return defense === UNDEFENDED && worstHonestLoss === null ? '' : estimateText(worstHonestLoss, points);
}

function estimateText(estimate: Estimate | null, spell: (value: number) => string): string {
  return estimate === null ? 'not measured' : markdownText(withInterval(estimate, spell));
}

function evidenceText(estimate: Estimate | null): string {
  return estimate === null ? '' : `${count(estimate.seeds)} x ${count(estimate.items)}`;
}

function findingList({ findings }: AuditResult, profile: ReportProfile): readonly string[] {
  if (findings.length === 0) return [];
  const shown =
    profile === 'executive'
      ? findings.filter(({ severity }) => severity === 'critical' || severity === 'high')
      : findings;
  const left = findings.filter((finding) => !shown.includes(finding)).map(({ severity }) => severity);
  return [
    '**Findings**',
    '',
    ...shown.map(({ severity, confidence, title, fix }) => {
      const advice = profile === 'regulator' && fix !== '' ? ` ${markdownText(fix)}` : '';
      return `- ${severity} (${confidence}): ${markdownText(title)}${advice}`;
    }),
    ...(left.length > 0 ? [`- ${countWords(left)} more in the full report`] : []),
    '',
  ];
}

function flagList(flags: readonly Flag[], profile: ReportProfile): readonly string[] {
  const worstFirst = flags.toSorted(
    (a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity),
  );
  if (worstFirst.length === 0) return [];
  const shown = profile === 'regulator' ? worstFirst : worstFirst.slice(0, MOST_FLAGS);
  const left = worstFirst.length - shown.length;
  return [
    '**What weakens these numbers**',
    '',
    ...shown.map(
      ({ severity, id, scope, sentence }) =>
        `- ${severity}: ${markdownText(sentence)} (${markdownCode(id)}, ${markdownCode(scope)})`,
    ),
    ...(left > 0 ? [`- ${left} more in the full report`] : []),
    '',
  ];
}

/** Cells without a number, by why: none of them says that an attack failed. */
function notMeasured({ matrix }: AuditResult, profile: ReportProfile): readonly string[] {
  const without = matrix.filter(({ state }) => state !== 'done');
  if (without.length === 0) return [];
  return [
    `Of ${count(matrix.length)} cells without a number: ${countWords(without.map(({ state }) => state))}.`,
    '',
    ...(profile === 'regulator'
      ? [
          ...without.map(
            ({ attack, defense, state, reason, errorCode }) =>
              `- ${state.replaceAll('-', ' ')}: ${markdownCode(attack)} against ${defense === UNDEFENDED ? defenseName(defense) : markdownCode(defense)}, ${markdownText(reason ?? errorCode ?? 'no reason was stored')}`,
          ),
          '',
        ]
      : []),
  ];
}

/** Entries of published lists that this audit bears on, with what a reader must know before citing them. */
function standardList(result: AuditResult): readonly string[] {
  const { standards, entries, disclaimer, version } = crosswalk(result);
  const titles = new Map<string, string>(
    standards.map(({ id, title, version: own }) => [id, `${title} ${own}`]),
  );
  return [
    '**Standards**',
    '',
    `${markdownText(disclaimer)} (crosswalk version ${version})`,
    '',
    ...entries
      .filter(({ attacks, defenses }) => attacks.length + defenses.length > 0)
      .map(
        ({ standard, id, name, caveat }) =>
          `- ${markdownText(titles.get(standard) ?? standard)}, ${markdownCode(id)} ${markdownText(name)}${caveat === null ? '' : `. ${markdownText(caveat)}`}`,
      ),
    '',
  ];
}
