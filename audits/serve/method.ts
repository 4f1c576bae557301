import type { z } from 'zod';
import type { BridgeEvent, BridgeMethod, BridgeReply, BridgeRequest } from '../contract/bridge.ts';
import type { Clock, Log } from '../contract/context.ts';
import type { AuditRuns } from './runs.ts';
import type { StartWorker } from '../run/worker-host.ts';
import type { Store } from '../store/types.ts';

/** What every method of the bridge is given: the engine's side, the same for both hosts. */
export interface ServeContext {
  readonly store: Store;
  readonly runs: AuditRuns;
  readonly clock: Clock;
  readonly log: Log;
  readonly moatVersion: string;
  readonly host: 'electron' | 'http';
  readonly engineLife: string;
  /** Folder of what the user set and accepted, beside the database. */
  readonly settingsFolder: string;
  readonly publish: (event: BridgeEvent['event']) => void;
  /** How processes are started here; default: as children of this one. */
  readonly startWorker?: StartWorker | undefined;
}

/** One method: its name, the schema that a request must pass, and what it does. One file each, in `methods/`. */
export interface BridgeMethodDefinition<Name extends BridgeMethod = BridgeMethod> {
  readonly name: Name;
  readonly request: z.ZodType<BridgeRequest<Name>>;
  /** @throws MoatError, which reaches the window as it is; anything else becomes `internal` */
  readonly run: (
    request: BridgeRequest<Name>,
    context: ServeContext,
  ) => BridgeReply<Name> | Promise<BridgeReply<Name>>;
}

export function defineBridgeMethod<Name extends BridgeMethod>(
  definition: BridgeMethodDefinition<Name>,
): BridgeMethodDefinition<Name> {
  return Object.freeze(definition);
}
