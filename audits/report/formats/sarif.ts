import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AuditResult, Finding, Flag } from '../../contract/result.ts';
import { decideGate } from '../../score/gate.ts';
import { cleanText, jsonText } from '../../contract/clean-text.ts';
import { crosswalk } from '../crosswalk/crosswalk.ts';
import { defenseOf, fingerprintName, fingerprintOf, kindOf, type FindingKind } from '../finding-identity.ts';
import type { ReportFormat } from './format.ts';
import { taxaOf, taxonomiesOf, type Taxonomies } from './sarif-taxa.ts';

/** Findings for what collects findings: SARIF 2.1.0 (OASIS), one run, the encoder as the analysed artifact. */
export const sarif: ReportFormat = {
  id: 'sarif',
  title: 'findings for code scanning (SARIF 2.1.0)',
  extension: 'sarif',
  render: (result) => Promise.resolve(`${jsonText(sarifLog(result))}\n`),
};

const levels = { critical: 'error', high: 'error', medium: 'warning', low: 'note', info: 'note' } as const;
/** What GitHub sorts security findings by: the middle of each band of CVSS v3 severities. */
const securitySeverities = { critical: '9.5', high: '8.0', medium: '5.5', low: '2.0', info: '0.0' } as const;
const notificationLevels = { note: 'note', weakens: 'warning', invalidates: 'error' } as const;

const undecided: FindingKind = {
  id: 'defense-undecided',
  title: 'A defense was neither cleared nor broken',
  explanation: 'What ran does not decide about this defense: it must not be read as a pass.',
};

interface Entry {
  readonly kind: FindingKind;
  readonly result: Readonly<Record<string, unknown>>;
}

function sarifLog(result: AuditResult): unknown {
  const { encoder, state } = result;
  const gate = decideGate(result);
  const artifact = artifactOf(result);
  const taxonomies = taxonomiesOf(crosswalk(result));
  const attackOf = new Map(
    result.matrix.flatMap(({ attack, cellKeys }) => cellKeys.map((key) => [key, attack])),
  );
  const entries = [
    ...result.findings.map((finding) =>
      findingEntry(finding, artifact.location, {
        taxonomies,
        attacks: finding.cellKeys.flatMap((key) => attackOf.get(key) ?? []),
      }),
    ),
    ...undecidedEntries(result, artifact.location, taxonomies),
  ];
  const rules = [...new Map(entries.map(({ kind }) => [kind.id, kind])).values()];
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Moat',
            version: result.moatVersion,
            supportedTaxonomies: taxonomies.components.map(({ name }, index) => ({ name, index })),
            rules: rules.map(({ id, title, explanation }) => ({
              id,
              shortDescription: { text: title },
              fullDescription: { text: explanation },
              help: { text: explanation },
              properties: { tags: ['security', 'model-extraction'] },
            })),
          },
        },
        // Standards with the entries that audits of this kind bear on: to be cited, never a claim of compliance.
        taxonomies: taxonomies.components,
        // Category and run: results of one encoder are matched with earlier ones of the same encoder.
        automationDetails: { id: `moat/${cleanText(path.basename(encoder.path))}/${result.auditId}` },
        invocations: [
          {
            executionSuccessful: state === 'completed',
            startTimeUtc: result.createdAt,
            ...(result.finishedAt === null ? {} : { endTimeUtc: result.finishedAt }),
            toolExecutionNotifications: [...result.flags.map(flagNotification), ...cellNotifications(result)],
          },
        ],
        ...(artifact.base === null ? {} : { originalUriBaseIds: { ENCODER: { uri: artifact.base } } }),
        artifacts: [
          {
            location: artifact.location,
            roles: ['analysisTarget'],
            ...(result.config.endpoint === undefined
              ? { length: encoder.sizeBytes, hashes: { 'sha-256': encoder.digest } }
              : {}),
          },
        ],
        results: entries.map(({ kind, result: own }) => ({
          ruleId: kind.id,
          ruleIndex: rules.findIndex(({ id }) => id === kind.id),
          ...own,
        })),
        columnKind: 'utf16CodeUnits',
        properties: {
          verdict: gate.verdict,
          policy: gate.sentence,
          headline: cleanText(result.headline),
          verdicts: Object.fromEntries(
            result.verdicts.map(({ defense, verdict }) => [cleanText(defense), verdict]),
          ),
        },
      },
    ],
  };
}

interface ArtifactLocation {
  readonly uri: string;
  readonly uriBaseId?: string;
}

/** A file is named below its folder, so that results of two machines match; a service by its address. */
function artifactOf({ encoder, config }: AuditResult): {
  readonly location: ArtifactLocation;
  readonly base: string | null;
} {
  if (config.endpoint !== undefined)
    return { location: { uri: encodeURI(encoder.path.toWellFormed()) }, base: null };
  const file = pathToFileURL(path.resolve(encoder.path.toWellFormed()));
  const base = new URL('.', file).href;
  return { location: { uri: file.href.slice(base.length), uriBaseId: 'ENCODER' }, base };
}

function resultBase(
  id: string,
  subject: string | null,
  artifactLocation: ArtifactLocation,
): Readonly<Record<string, unknown>> {
  return {
    locations: [
      {
        // Who shows results beside lines needs a line, and a model has none.
        physicalLocation: { artifactLocation, region: { startLine: 1 } },
        ...(subject === null ? {} : { logicalLocations: [{ name: cleanText(subject), kind: 'object' }] }),
      },
    ],
    partialFingerprints: { [fingerprintName]: fingerprintOf({ id }) },
  };
}

function findingEntry(
  finding: Finding,
  location: ArtifactLocation,
  bearing: { readonly taxonomies: Taxonomies; readonly attacks: readonly string[] },
): Entry {
  const { id, title, severity, confidence, explanation, fix, cellKeys } = finding;
  return {
    kind: kindOf(finding),
    result: {
      kind: 'fail',
      level: levels[severity],
      message: { text: cleanText(`${title}. ${explanation} ${fix}`) },
      ...resultBase(id, defenseOf(finding), location),
      taxa: taxaOf(bearing.taxonomies, { attacks: bearing.attacks, defense: defenseOf(finding) }),
      properties: {
        severity,
        confidence,
        'security-severity': securitySeverities[severity],
        fix: cleanText(fix),
        cellKeys,
      },
    },
  };
}

/** Defenses about which the audit says neither yes nor no: without them, no result would look like no problem. */
function undecidedEntries(
  { verdicts }: AuditResult,
  location: ArtifactLocation,
  taxonomies: Taxonomies,
): readonly Entry[] {
  return verdicts.flatMap(({ defense, verdict, reason }): Entry[] => {
    if (verdict === 'pass' || verdict === 'fail') return [];
    return [
      {
        kind: undecided,
        result: {
          kind: verdict === 'inconclusive' ? 'review' : 'open',
          level: 'none',
          message: { text: cleanText(`${defense}: ${reason}`) },
          ...resultBase(`${undecided.id}:${defense}`, defense, location),
          taxa: taxaOf(taxonomies, { attacks: [], defense }),
          properties: { verdict },
        },
      },
    ];
  });
}

function flagNotification({ id, severity, sentence, scope }: Flag): unknown {
  return {
    level: notificationLevels[severity],
    message: { text: cleanText(`${sentence} (${scope})`) },
    descriptor: { id: cleanText(id) },
  };
}

/** One line for each way in which cells have no number. */
function cellNotifications({ matrix }: AuditResult): readonly unknown[] {
  const states = Map.groupBy(
    matrix.filter(({ state }) => state !== 'done'),
    ({ state }) => state,
  );
  return [...states].map(([state, cells]) => ({
    level: state === 'failed' ? 'error' : state === 'not-applicable' ? 'note' : 'warning',
    message: {
      text: `${cells.length} of ${matrix.length} cells have no number: ${state.replaceAll('-', ' ')}.`,
    },
    descriptor: { id: `cells-${state}` },
  }));
}
