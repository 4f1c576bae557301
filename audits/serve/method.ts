import type { z } from 'zod';
import type { BridgeEvent, BridgeMethod, BridgeReply, BridgeRequest } from '../contract/bridge.ts';
import type { Clock, Log } from '../contract/context.ts';
import type { PackInstallation } from './pack-installation.ts';
import { parseRequest } from './parse-request.ts';
import type { AuditRuns } from './runs.ts';
import type { StartWorker } from '../run/worker-host.ts';
import type { Store } from '../store/types.ts';

/** What every method of the bridge is given: the engine's side, the same for both hosts. */
export interface ServeContext {
  /** For reading; while another process writes, what that one has stored. */
  readonly store: Store;
  /** For writing. @throws MoatError `database-busy`, `database-read-only` with who or what is in the way */
  readonly writable: () => Store;
  /** Why nothing can be written now; null where it can. Tries again. */
  readonly readOnlyBecause: () => string | null;
  readonly runs: AuditRuns;
  readonly installation: PackInstallation;
  readonly clock: Clock;
  readonly log: Log;
  /** Where that writes: what was said of audits before this engine began is read there. */
  readonly logFile: string;
  readonly moatVersion: string;
  readonly host: 'electron' | 'http';
  readonly engineLife: string;
  /** Number of the newest event: goes with whatever was read in the same turn. */
  readonly sequence: () => number;
  /** Folder of what the user set and accepted, beside the database. */
  readonly settingsFolder: string;
  readonly publish: (event: BridgeEvent['event']) => void;
  /** How processes are started here; default: as children of this one. */
  readonly startWorker?: StartWorker | undefined;
  /** How a page becomes a PDF here; default: by a browser that is found. */
  readonly printPage?: ((html: string) => Promise<Uint8Array>) | undefined;
  /** What is to be ended with the engine. */
  readonly whenClosing: (action: () => void | Promise<void>) => void;
}

/** One method: its name, the schema that a request must pass, and what it does. One file each, in `methods/`. */
export interface BridgeMethodDefinition<Name extends BridgeMethod, Request extends BridgeRequest<Name>> {
  readonly name: Name;
  readonly request: z.ZodType<Request>;
  /** @throws MoatError, which reaches the window as it is; anything else becomes `internal` */
  readonly run: (request: Request, context: ServeContext) => BridgeReply<Name> | Promise<BridgeReply<Name>>;
}

/** A method as the registry holds it: whatever comes in is parsed first, so that the types of the definition hold. */
export interface BridgeMethodEntry {
  readonly name: BridgeMethod;
  readonly request: z.ZodType;
  /** @throws MoatError `usage` for a request that its schema refuses, and what the method throws */
  readonly answer: (request: unknown, context: ServeContext) => unknown;
}

export function defineBridgeMethod<Name extends BridgeMethod, Request extends BridgeRequest<Name>>(
  definition: BridgeMethodDefinition<Name, Request>,
): BridgeMethodDefinition<Name, Request> & BridgeMethodEntry {
  const { name, request: schema, run } = definition;
  return Object.freeze({
    ...definition,
    answer: (request: unknown, context: ServeContext) => run(parseRequest(name, schema, request), context),
  });
}
