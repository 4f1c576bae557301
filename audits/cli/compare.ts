import path from 'node:path';
import type { Command } from 'commander';
import { jsonText } from '../contract/clean-text.ts';
import { MoatError } from '../contract/errors.ts';
import { comparisonMarkdown } from '../report/compare/comparison-markdown.ts';
import { compareSides, type ComparedSide, type Comparison } from '../report/compare/compare-results.ts';
import { comparisonPage, comparisonPdf } from '../report/compare/comparison-page.ts';
import { writeReportFile } from '../report/write-formats.ts';
import { readAcceptances, readSide, today } from './compared-sides.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';
import { addDatabaseOption, addExample, addJsonOption, addPluginOption, readList } from './flags.ts';
import { renderComparison } from './render/comparison.ts';

interface CompareFlags {
  readonly format?: readonly string[];
  readonly out?: string;
  readonly accepted?: string;
  readonly db?: string;
  readonly json?: boolean;
  readonly plugin?: readonly string[];
}

interface Compared {
  readonly comparison: Comparison;
  readonly sides: readonly [before: ComparedSide, after: ComparedSide];
  readonly context: CommandContext;
}

const writers: Readonly<Record<string, (compared: Compared) => Promise<string | Uint8Array> | string>> = {
  json: ({ comparison }) => `${jsonText(comparison)}\n`,
  md: ({ comparison }) => comparisonMarkdown(comparison),
  html: ({ comparison, sides, context }) => comparisonPage(comparison, sides, pageContext(context)),
  pdf: ({ comparison, sides, context }) => comparisonPdf(comparison, sides, pageContext(context)),
};
/** Without a browser of this machine there is no PDF: written only where it is asked for. */
const usualFormats = ['json', 'md', 'html'];
const onStdout = new Set(['json', 'md']);

function pageContext({ clock, moatVersion, terminal }: CommandContext) {
  return {
    writtenAt: new Date(clock.now()).toISOString(),
    moatVersion,
    say: (line: string) => terminal.note(line),
  };
}

export function registerCompare(program: Command, context: CommandContext): void {
  const command = program
    .command('compare')
    .summary('what changed between two audits, or between two defenses of one')
    .description(
      'Compares two audits, or two defenses with ID@DEFENSE: what was set up differently, each number with an interval of the difference and a word (better, worse, no evidence), and findings that are new, fixed, unchanged or accepted. A side may be a result.json too.',
    )
    .argument('<before>', 'audit id, ID@DEFENSE, or a result.json')
    .argument('<after>', 'the same')
    .option(
      '--format <list>',
      'json, md, html, pdf: files with --out (default: all but pdf); json or md on stdout without',
      readList('--format'),
    )
    .option('--out <dir>', 'folder for comparison.json, comparison.md and comparison.html')
    .option('--accepted <file>', 'findings that were accepted, each with a reason and a last day');
  addPluginOption(addJsonOption(addDatabaseOption(command)));
  addExample(command, 'moat compare 1a2b 3c4d --format md').action(
    async (before: string, after: string, flags: CompareFlags) => {
      const formats = chosenFormats(flags);
      const sides = [await readSide(context, before, flags), await readSide(context, after, flags)] as const;
      const comparison = compareSides(...sides, {
        acceptances: readAcceptances(context, flags.accepted),
        today: today(context),
      });
      const { terminal } = context;
      if (flags.out !== undefined) {
        const folder = resolvePath(context, flags.out);
        // Paper last: where it cannot be printed, the others lie there.
        for (const format of formats.toSorted((a, b) => Number(a === 'pdf') - Number(b === 'pdf'))) {
          const file = path.join(folder, `comparison.${format}`);
          writeReportFile(file, (await writers[format]?.({ comparison, sides, context })) ?? '');
          terminal.print(displayPath(context, file));
        }
      } else if (formats[0] === 'md') terminal.print(comparisonMarkdown(comparison).trimEnd());
      else if (formats[0] === 'json') terminal.printJson(comparison);
      else for (const line of renderComparison(comparison, terminal.output)) terminal.print(line);
    },
  );
}

/** @throws MoatError `usage` */
function chosenFormats({ format, out, json }: CompareFlags): readonly string[] {
  const asked = [...new Set([...(format ?? []), ...(json === true ? ['json'] : [])])];
  const unknown = asked.find((id) => writers[id] === undefined);
  if (unknown !== undefined)
    throw new MoatError(
      'usage',
      `"${unknown}" is no format of a comparison; there are ${Object.keys(writers).join(', ')}.`,
    );
  if (out === undefined && (asked.length > 1 || asked.some((id) => !onStdout.has(id))))
    throw new MoatError('usage', 'Pages and several formats need --out: stdout takes one, json or md.');
  return out !== undefined && asked.length === 0 ? usualFormats : asked;
}
