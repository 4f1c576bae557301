import type { Command } from 'commander';
import type { Policy } from '../contract/audit.ts';
import { MoatError } from '../contract/errors.ts';
import type { AuditResult } from '../contract/result.ts';
import { parsePolicy } from '../plan/policy.ts';
import { assertAudit } from '../report/compare/assert-audit.ts';
import { verdictText } from '../score/gate.ts';
import { buildStoredResult, requireAudit, storedResult } from '../report/stored-result.ts';
import { readAcceptances, readAnyResult, today } from './compared-sides.ts';
import { resolvePath, type CommandContext } from './context.ts';
import { addDatabaseOption, addExample, addJsonOption, addPluginOption } from './flags.ts';
import { renderFindingChanges } from './render/comparison.ts';
import { cleanText, hangingText, wrapText } from './render/text.ts';
import { requirePlugins } from './required-plugins.ts';
import { readJson } from '../settings/settings.ts';
import { chosenDatabase, pickAudit, withStore } from './stored-audits.ts';

interface AssertFlags {
  readonly policy?: string;
  readonly baseline?: string;
  readonly accepted?: string;
  readonly db?: string;
  readonly json?: boolean;
  readonly plugin?: readonly string[];
}

export function registerAssert(program: Command, context: CommandContext): void {
  const command = program
    .command('assert')
    .summary('answer a policy from a stored audit; the exit code is the verdict')
    .description(
      'Judges a stored audit by a policy, without measuring anything, and answers with the exit code: 0 pass, 1 fail or inconclusive, 2 not measured. With --baseline it also fails for a grave finding that is new and not accepted, and for a recommended defense that got worse. Without an id: the newest audit.',
    )
    .argument('[audit]', 'id, or the beginning of one')
    .option('--policy <file>', 'what you can live with (default: the policy of the audit)')
    .option('--baseline <audit>', 'an earlier audit of the database, or the result.json of one')
    .option('--accepted <file>', 'findings that were accepted, each with a reason and a last day');
  addPluginOption(addJsonOption(addDatabaseOption(command)));
  addExample(command, 'moat assert --policy policy.json --baseline baseline/result.json').action(
    async (id: string | undefined, flags: AssertFlags) => {
      const policy = flags.policy === undefined ? undefined : readPolicy(context, flags.policy);
      const result = await judgedBy(context, id, policy, flags);
      const assertion = assertAudit(result, {
        baseline: flags.baseline === undefined ? null : await readAnyResult(context, flags.baseline, flags),
        acceptances: readAcceptances(context, flags.accepted),
        today: today(context),
      });
      context.exitCode = assertion.exitCode;
      const { terminal } = context;
      if (flags.json === true) {
        terminal.printJson({ auditId: result.auditId, policy: result.config.policy, ...assertion });
        return;
      }
      const { columns } = terminal.output;
      const verdict = `${verdictText(assertion.verdict)}: ${assertion.sentence} (audit ${result.auditId})`;
      for (const line of [
        ...wrapText(verdict, columns),
        ...assertion.reasons.flatMap((reason) => hangingText('  - ', cleanText(reason), columns)),
        // Without a baseline nothing is new or known.
        ...(assertion.comparison === null ? [] : renderFindingChanges(assertion.findings, terminal.output)),
      ])
        terminal.print(line);
    },
  );
}

/** @throws MoatError `path-missing`, `configuration-invalid` */
function readPolicy(context: CommandContext, file: string): Policy {
  const value = readJson(resolvePath(context, file));
  if (value === undefined) throw new MoatError('path-missing', `The policy file ${file} does not exist.`);
  return parsePolicy(value, file);
}

/** The audit's result; judged anew from its measurements where another policy is asked. */
function judgedBy(
  context: CommandContext,
  id: string | undefined,
  policy: Policy | undefined,
  flags: AssertFlags,
): Promise<AuditResult> {
  return withStore(context, chosenDatabase(context, flags.db), async (store) => {
    const audit = requireAudit(store, pickAudit(store.audits.list(), id));
    const checkPlugins = (): void => requirePlugins(context, audit.config.plugins, flags.plugin ?? []);
    return policy === undefined
      ? storedResult(store, audit, checkPlugins)
      : buildStoredResult(store, { ...audit, config: { ...audit.config, policy } }, checkPlugins);
  });
}
