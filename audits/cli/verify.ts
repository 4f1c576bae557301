import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { exitCode, MoatError } from '../contract/errors.ts';
import type { AuditResult } from '../contract/result.ts';
import { auditOf, digestBeside } from '../report/attestation/beside.ts';
import { openPublicKey, ownPublicKey } from '../report/attestation/keys.ts';
import {
  verifyAttestation,
  type CheckState,
  type VerificationInputs,
} from '../report/attestation/verify-attestation.ts';
import { resolvePath, type CommandContext } from './context.ts';
import { addDatabaseOption, addExample, addJsonOption, addPluginOption } from './flags.ts';
import { cleanText, hangingText, wrapText } from './render/text.ts';
import type { Tone } from './render/view.ts';
import { requirePlugins } from './required-plugins.ts';
import { buildStoredResult, requireAudit, storedResult } from '../report/stored-result.ts';
import { readJson } from '../settings/settings.ts';
import { chosenDatabase, pickAudit, withStore } from './stored-audits.ts';

interface VerifyFlags {
  readonly publicKey?: string;
  readonly db?: string;
  readonly json?: boolean;
  readonly plugin?: readonly string[];
}

const words = { matches: 'ok', differs: 'DIFFERS', 'not-checked': 'not checked' } as const satisfies Record<
  CheckState,
  string
>;
const tones = { matches: 'good', differs: 'bad', 'not-checked': 'doubtful' } as const satisfies Record<
  CheckState,
  Tone
>;

export function registerVerify(program: Command, context: CommandContext): void {
  const command = program
    .command('verify')
    .summary('check a signed report: signature, files, database')
    .description(
      'Checks an attestation that `moat report --sign` wrote and says exactly what does not match: the signature, a file beside it, or, with --db, the result in the database and whether it follows from the measurements there. Ends with 0 when everything matches, with 1 when something does not or nobody’s key was checked.',
    )
    .argument('<file>', 'the attestation (report.intoto.json)')
    .option('--public-key <file>', 'key of whom you trust, PEM (default: your own)');
  addPluginOption(addJsonOption(addDatabaseOption(command)));
  addExample(command, 'moat verify moat-report/report.intoto.json --public-key their.public.pem').action(
    async (file: string, flags: VerifyFlags) => {
      const location = resolvePath(context, file);
      if (!existsSync(location))
        throw new MoatError('path-missing', `The attestation ${file} does not exist.`);
      const envelope = readJson(location);
      const folder = path.dirname(location);
      const verification = verifyAttestation({
        envelope,
        publicKey:
          flags.publicKey === undefined
            ? ownPublicKey()
            : openPublicKey(resolvePath(context, flags.publicKey)),
        fileDigest: (name) => digestBeside(folder, name),
        ...(flags.db === undefined
          ? { stored: undefined }
          : await storedOf(context, auditOf(envelope), flags)),
      });
      context.exitCode = verification.isVerified ? exitCode.ok : exitCode.policyFailed;
      const { terminal } = context;
      if (flags.json === true) {
        terminal.printJson(verification);
        return;
      }
      const { columns, paint } = terminal.output;
      const said = verification.statement?.predicate.moat;
      for (const line of [
        ...verification.checks.flatMap(({ state, sentence }) =>
          hangingText(paint(tones[state], words[state].padEnd(12)), cleanText(sentence), columns),
        ),
        ...wrapText(
          verification.isVerified && said !== undefined
            ? cleanText(
                `verified: audit ${said.auditId}, ${said.verdict.replaceAll('-', ' ')}, signed ${said.signedAt.slice(0, 10)}`,
              )
            : 'not verified',
          columns,
        ),
      ])
        terminal.print(line);
    },
  );
}

/** What the database has of an audit: its result, and what its measurements amount to. */
async function storedOf(
  context: CommandContext,
  auditId: string | undefined,
  flags: VerifyFlags,
): Promise<Pick<VerificationInputs, 'recomputed'> & { readonly stored: AuditResult | null }> {
  if (auditId === undefined) return { stored: null };
  try {
    return await withStore(context, chosenDatabase(context, flags.db), async (store) => {
      const audit = requireAudit(store, pickAudit(store.audits.list(), auditId));
      if (audit.id !== auditId) return { stored: null };
      const checkPlugins = (): void => requirePlugins(context, audit.config.plugins, flags.plugin ?? []);
      return {
        stored: await storedResult(store, audit, checkPlugins),
        recomputed: await buildStoredResult(store, audit, checkPlugins),
      };
    });
  } catch (error) {
    if (MoatError.from(error).code === 'audit-unknown') return { stored: null };
    throw error;
  }
}
