import { statSync } from 'node:fs';
import type { AuditEstimate, DataSheet, EncoderSheet } from '../contract/bridge.ts';
import type { Clock } from '../contract/context.ts';
import { encoderFile } from '../encoder/demo-encoder.ts';
import { describeEncoder } from '../encoder/describe.ts';
import { configureAudit } from '../plan/configure.ts';
import { auditRequest } from '../settings/audit-request.ts';
import type { Settings } from '../settings/settings.ts';
import { dataSheet } from './data-sheet.ts';
import { encoderSheet, type EncoderQuestion } from './encoder-sheet.ts';
import { estimateAudit } from './estimate-audit.ts';
import type { ListedVictim } from './plan-listed.ts';

/**
 * What a window asks before an audit begins. Files are parsed and native code runs, so a process of its own answers: it may
 * take long or die, and the engine goes on hearing everyone.
 */
export type Question =
  | ({ readonly kind: 'inspect' } & EncoderQuestion)
  | { readonly kind: 'look'; readonly path: string }
  /** Relative paths of the settings are relative to `folder`. */
  | {
      readonly kind: 'estimate';
      readonly settings: Settings;
      readonly folder: string;
      /** Of the encoder, where they were measured. */
      readonly imagesPerSecond?: number | undefined;
      readonly dimension?: number | undefined;
    };

/** What answers each kind of question. */
export interface Answers {
  readonly inspect: EncoderSheet;
  readonly look: DataSheet;
  readonly estimate: AuditEstimate;
}

export function isQuestion(job: { readonly kind: string }): job is Question {
  return job.kind === 'inspect' || job.kind === 'look' || job.kind === 'estimate';
}

/** One process's answers: encoders are described anew only when their file or what is said of it changed. */
export function createAnswers(clock: Clock): (question: Question) => Promise<Answers[Question['kind']]> {
  const described = new Map<string, ListedVictim>();
  const describe = async (encoder: string, options: EncoderQuestion['options']): Promise<ListedVictim> => {
    const file = encoderFile(encoder);
    const found = statSync(file, { throwIfNoEntry: false });
    const key = JSON.stringify([file, found?.mtimeMs, found?.size, options]);
    const known = described.get(key) ?? (await describeEncoder(file, options));
    // One is enough: a window asks about the same encoder again and again.
    described.clear();
    described.set(key, known);
    return known;
  };
  return async (question) => {
    if (question.kind === 'inspect') return encoderSheet(question, clock);
    if (question.kind === 'look') return dataSheet(question.path);
    const config = configureAudit(auditRequest(question.settings, question.folder));
    const { imagesPerSecond, dimension } = question;
    return estimateAudit(config, async (encoder) => ({
      ...(await describe(encoder, config.encoderOptions)),
      imagesPerSecond,
      dimension,
    }));
  };
}
