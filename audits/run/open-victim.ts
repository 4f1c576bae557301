import type { AuditConfig } from '../contract/audit.ts';
import type { Clock } from '../contract/context.ts';
import type { Encoder } from '../contract/encoder.ts';
import type { Engine } from '../contract/engine.ts';
import { encoderFile } from '../encoder/demo-encoder.ts';
import { openEncoder } from '../encoder/encoder.ts';
import { openEndpoint } from '../endpoint/endpoint.ts';

/** The victim of an audit, a file or a service. */
export interface Victim {
  readonly encoder: Encoder;
  /** The same encoder, for questions that must be computed or asked anew even where an answer is known. */
  readonly askedAnew: Encoder;
}

export interface VictimContext {
  readonly artifactFolder: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  log(message: string): void;
}

/** @throws MoatError `encoder-*`, `endpoint-*` */
export async function openVictim(
  engine: Engine,
  { encoder, encoderOptions, endpoint }: Pick<AuditConfig, 'encoder' | 'encoderOptions' | 'endpoint'>,
  context: VictimContext,
): Promise<Victim> {
  if (endpoint !== undefined) {
    const service = openEndpoint(
      { url: encoder, settings: endpoint },
      { ...context, environment: process.env, log: (message) => context.log(message) },
    );
    return { encoder: service, askedAnew: service.askedAnew };
  }
  const opened = await openEncoder(engine, encoderFile(encoder), encoderOptions);
  return { encoder: opened, askedAnew: opened };
}
