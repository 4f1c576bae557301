import path from 'node:path';
import type { Command } from 'commander';
import type { AuditResult } from '../contract/result.ts';
import { reportProfiles, type ReportProfile } from '../report/formats/format.ts';
import { findAllFormats, folderFormats, reportFormats } from '../report/formats/registry.ts';
import { writeFormats, type LeftOut } from '../report/write-formats.ts';
import { leftOutLines } from './left-out.ts';
import { decideGate, verdictText } from '../score/gate.ts';
import { requireAudit, storedResult } from '../report/stored-result.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';
import { findBaseline } from './earlier-audit.ts';
import {
  addDatabaseOption,
  addExample,
  addJsonOption,
  addPluginOption,
  readChoice,
  readList,
} from './flags.ts';
import { formatBytes } from './render/numbers.ts';
import { cleanText, wrapText } from './render/text.ts';
import { requirePlugins } from './required-plugins.ts';
import { defaultReportFolder, readSettings } from '../settings/settings.ts';
import { signReport } from './sign-report.ts';
import { chosenDatabase, pickAudit, withStore } from './stored-audits.ts';

interface ReportFlags {
  readonly format?: readonly string[];
  readonly out?: string;
  readonly profile?: string;
  readonly baseline?: string;
  readonly sign?: boolean;
  readonly key?: string;
  readonly db?: string;
  readonly json?: boolean;
  readonly plugin?: readonly string[];
}

export function registerReport(program: Command, context: CommandContext): void {
  const command = program
    .command('report')
    .summary('write an audit’s report, at any time later')
    .description(
      `Writes the report of a stored audit: nothing is measured again, and the encoder is not needed. Without an id: the newest. Formats: ${[...reportFormats, ...folderFormats].map(({ id, title }) => `${id} (${title})`).join('; ')}.`,
    )
    .argument('[audit]', 'id, or the beginning of one')
    .option(
      '--format <list>',
      'formats, commas between (default: all but pdf and figures)',
      readList('--format'),
    )
    .option('--out <dir>', `folder for the files (default: ${defaultReportFolder})`)
    .option(
      '--profile <reader>',
      `for whom: ${reportProfiles.join(', ')} (default: engineer)`,
      readChoice('--profile', reportProfiles),
    )
    .option(
      '--baseline <audit>',
      'earlier audit that the pages say what changed since (default: the last one of the same encoder in the database)',
    )
    .option('--sign', 'sign the files: writes report.intoto.json, which `moat verify` checks')
    .option('--key <file>', 'Ed25519 private key, PEM (default: your own, made on first use)');
  addPluginOption(addJsonOption(addDatabaseOption(command)));
  addExample(command, 'moat report --db moat.db --format json,md --out report').action(
    async (id: string | undefined, flags: ReportFlags) => {
      const formats = findAllFormats(
        flags.format ??
          reportFormats.filter(({ isOnRequest }) => isOnRequest !== true).map((format) => format.id),
      );
      const result = await readResult(context, id, flags);
      const baseline = await findBaseline(context, result, flags);
      const folder = resolvePath(
        context,
        flags.out ?? readSettings(context.folder).out ?? defaultReportFolder,
      );
      const leftOut: LeftOut[] = [];
      const written = await writeFormats(
        result,
        formats,
        {
          profile: (flags.profile ?? 'engineer') as ReportProfile,
          writtenAt: new Date(context.clock.now()).toISOString(),
          moatVersion: context.moatVersion,
          baseline,
          say: (line) => context.terminal.note(line),
        },
        folder,
        (format) => void leftOut.push(format),
      );
      for (const line of leftOutLines(leftOut, folder)) context.terminal.note(line);
      if (leftOut[0] !== undefined) context.exitCode = leftOut[0].error.row.exitCode;
      const isSigned = flags.sign === true || flags.key !== undefined;
      const files = isSigned
        ? [...written, signReport(context, result, written, { folder, key: flags.key })]
        : written;
      const { verdict, sentence } = decideGate(result);
      if (flags.json === true) {
        context.terminal.printJson({
          auditId: result.auditId,
          verdict,
          files,
          ...(leftOut.length === 0
            ? {}
            : {
                leftOut: leftOut.map(({ format, error: { code, message } }) => ({ format, code, message })),
              }),
        });
        return;
      }
      const { terminal } = context;
      const lines = [
        `audit ${result.auditId}: ${verdictText(verdict)}: ${sentence}`,
        ...[...Map.groupBy(files, ({ format }) => format)].map(([format, own]) => {
          const size = formatBytes(own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
          const [first] = own;
          return first === undefined || own.length === 1
            ? `${format}  ${displayPath(context, first?.path ?? folder)}  ${size}`
            : `${format}  ${displayPath(context, path.dirname(first.path))}  ${own.length} files, ${size}`;
        }),
      ];
      for (const line of lines.flatMap((text) => wrapText(cleanText(text), terminal.output.columns)))
        terminal.print(line);
    },
  );
}

/** The result of the audit that a person means, from the store alone. */
export async function readResult(
  context: CommandContext,
  id: string | undefined,
  flags: Pick<ReportFlags, 'db' | 'plugin'>,
): Promise<AuditResult> {
  return withStore(context, chosenDatabase(context, flags.db), async (store) => {
    const audit = requireAudit(store, pickAudit(store.audits.list(), id));
    return storedResult(store, audit, () =>
      requirePlugins(context, audit.config.plugins, flags.plugin ?? []),
    );
  });
}
