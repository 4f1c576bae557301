import type { DeviceId, EngineId } from '../contract/engine.ts';
import { errorTable, MoatError, type SerializedError } from '../contract/errors.ts';
import type { Parity } from './parity.ts';
import { startTrial } from './trial-child.ts';

export interface Candidate {
  readonly engine: EngineId;
  readonly device: DeviceId;
}

/** What a child process reports, in this order. */
export type TrialMessage =
  | { readonly type: 'parity'; readonly parity: Parity; readonly agrees: boolean }
  | { readonly type: 'speed'; readonly stepsPerSecond: number }
  | { readonly type: 'failed'; readonly error: SerializedError };

export type Trial =
  | {
      readonly usable: true;
      readonly parity: Parity;
      /** Of the speed net, one thread for what runs on the CPU; null when it was too slow to be measured. */
      readonly stepsPerSecond: number | null;
    }
  | {
      readonly usable: false;
      readonly reason: string;
      readonly advice: string;
      /** For want of time alone: a busy machine may have it later. */
      readonly timedOut?: true;
    };

export interface TrialOptions {
  /** A driver may take this long to compile a training step; what takes longer is no help to an audit. */
  readonly timeoutMs?: number;
  /** Default: true. Without, `stepsPerSecond` is null. */
  readonly withSpeed?: boolean;
  /** Where a driver is looked for; for tests. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly entry?: string;
}

const TIMEOUT_MS = 12_000;

/**
 * Opens a device, compares a training step with the reference engine and measures its speed, in a process of its own:
 * a driver may crash or hang, and takes memory that this process would keep.
 */
export function tryDevice(candidate: Candidate, options: TrialOptions = {}): Promise<Trial> {
  const withSpeed = options.withSpeed ?? true;
  const child = startTrial(candidate, options);
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  return new Promise((resolve) => {
    let parity: Parity | undefined;
    let settled = false;
    const settle = (trial: Trial): void => {
      settled = true;
      clearTimeout(timer);
      child.kill();
      resolve(trial);
    };
    const timer = setTimeout(() => {
      settle(
        parity === undefined
          ? {
              usable: false,
              reason: `It made no training step within ${timeoutMs / 1000} s.`,
              advice: 'Try again when the machine is less busy, or use another device.',
              timedOut: true,
            }
          : { usable: true, parity, stepsPerSecond: null },
      );
    }, timeoutMs);
    child.onMessage((message) => {
      if (message.type === 'speed' && parity !== undefined)
        settle({ usable: true, parity, stepsPerSecond: message.stepsPerSecond });
      else if (message.type === 'parity') {
        parity = message.parity;
        if (!message.agrees) settle(wrong(parity));
        else if (!withSpeed) settle({ usable: true, parity, stepsPerSecond: null });
      }
      if (message.type === 'failed') settle(refused(MoatError.fromJSON(message.error)));
    });
    child.onFailure((reason) => settle(unusable(reason, 'Run npm ci in the project folder.')));
    child.onEnd((reason, last) => {
      if (settled) return;
      settle(
        unusable(
          `Its driver ended the process (${reason})${last === '' ? '' : `: ${last}`}.`,
          'Update the driver, or use another device.',
        ),
      );
    });
  });
}

function unusable(reason: string, advice: string): Trial {
  return { usable: false, reason, advice };
}

function refused(error: MoatError): Trial {
  const { advice } = error.details;
  return unusable(error.message, typeof advice === 'string' ? advice : errorTable[error.code].hint);
}

function wrong({ loss, update }: Parity): Trial {
  const most = Math.max(loss, update).toExponential(1);
  return unusable(
    `A training step differs from the reference engine by ${most}.`,
    'Use another device, and report this with your processor, driver and system.',
  );
}
