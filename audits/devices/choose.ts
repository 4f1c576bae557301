import { deviceIds, type DeviceId } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { engineList, type EngineEntry } from '../tensor/engine-list.ts';
import type { TryCandidate } from './trial-cache.ts';
import type { Candidate, Trial } from './try-device.ts';

export interface DeviceRequest {
  /** `auto` or an engine's id. */
  readonly engine: string;
  /** `auto` or a device's id. */
  readonly device: string;
  /** Cells at a time: each has a core of its own, and all of them share a graphics device. */
  readonly workers: number;
}

export interface DeviceChoice extends Candidate {
  /** One sentence for people. */
  readonly reason: string;
}

interface Tried {
  readonly candidate: Candidate;
  readonly trial: Trial;
}

/**
 * Which engine and device an audit computes with. What is named is taken, if it works; `auto` is decided by the steps
 * per second of a short trial. A processor trains one cell per worker, so its speed counts once for each.
 * @throws MoatError configuration-invalid, device-unavailable
 */
export async function chooseDevice(
  request: DeviceRequest,
  tryCandidate: TryCandidate,
  engines: readonly EngineEntry[] = engineList,
): Promise<DeviceChoice> {
  const candidates = candidatesFor(request, engines);
  const [only, ...others] = candidates;
  if (only !== undefined && others.length === 0) {
    await requireDevice(only, tryCandidate, engines);
    return { ...only, reason: `${label(only)}, as asked for` };
  }
  const present: Candidate[] = [];
  const absent: string[] = [];
  for (const candidate of candidates) {
    const missing = await entryOf(candidate, engines)?.missing(candidate.device);
    if (missing === undefined) present.push(candidate);
    else absent.push(`${label(candidate)} cannot be used: ${missing.reason} ${missing.advice}`);
  }
  if (present.length === 0) throw unavailable(absent.join(' '));
  return fastest(present, request.workers, tryCandidate);
}

/**
 * Graphics devices are tried first: where none works and there is one engine for the processor, nobody needs to wait
 * for it to be timed.
 */
async function fastest(
  present: readonly Candidate[],
  workers: number,
  tryCandidate: TryCandidate,
): Promise<DeviceChoice> {
  const processors = present.filter(({ device }) => device === 'cpu');
  const tried: Tried[] = [];
  const tryAll = async (candidates: readonly Candidate[]): Promise<void> => {
    for (const candidate of candidates) tried.push({ candidate, trial: await tryCandidate(candidate) });
  };
  await tryAll(present.filter(({ device }) => device !== 'cpu'));
  const [processor, ...moreProcessors] = processors;
  if (processor !== undefined && moreProcessors.length === 0 && tried.every(({ trial }) => !trial.usable)) {
    const why = tried.length === 0 ? 'nothing else is installed' : unusable(tried).join('; ');
    return { ...processor, reason: `${label(processor)}: ${why}` };
  }
  await tryAll(processors);
  const [best, ...slower] = tried
    .filter(({ trial }) => trial.usable)
    .map(({ candidate, trial }) => ({ candidate, stepsPerSecond: speedOf(candidate, trial, workers) }))
    .toSorted((a, b) => b.stepsPerSecond - a.stepsPerSecond);
  if (best === undefined) throw unavailable(`Nothing here can compute: ${unusable(tried).join('; ')}.`);
  const several = workers > 1 && best.candidate.device === 'cpu' ? ` with ${workers} workers` : '';
  const against = slower.map(
    ({ candidate, stepsPerSecond }) => `${label(candidate)} ${shown(stepsPerSecond)}`,
  );
  const reason = [
    `${label(best.candidate)}: ${shown(best.stepsPerSecond)} steps/s${several}`,
    ...(against.length === 0 ? [] : [` against ${against.join(', ')}`]),
    ...unusable(tried).map((sentence) => `; ${sentence}`),
  ];
  return { ...best.candidate, reason: reason.join('') };
}

/** @throws MoatError device-unavailable with the reason, when this machine cannot compute there now */
export async function requireDevice(
  candidate: Candidate,
  tryCandidate: TryCandidate,
  engines: readonly EngineEntry[] = engineList,
): Promise<void> {
  const entry = entryOf(candidate, engines);
  if (entry === undefined) throw unavailable(`There is no engine ${candidate.engine} here.`);
  const missing = await entry.missing(candidate.device);
  if (missing !== undefined)
    throw unavailable(`${label(candidate)} cannot be used: ${missing.reason} ${missing.advice}`);
  // The processor needs no trial: it is where everything else runs too.
  if (candidate.device === 'cpu') return;
  const trial = await tryCandidate(candidate);
  if (!trial.usable) throw unavailable(`${label(candidate)} cannot be used: ${trial.reason} ${trial.advice}`);
}

/** @throws MoatError configuration-invalid naming the choices */
function candidatesFor(
  { engine, device }: DeviceRequest,
  engines: readonly EngineEntry[],
): readonly Candidate[] {
  requireChoice(
    'engine',
    engine,
    engines.map(({ id }) => id),
  );
  requireChoice('device', device, deviceIds);
  const found = engines
    .filter(({ id, isForAudits }) => (engine === 'auto' ? isForAudits : id === engine))
    .flatMap(({ id, devices }) => devices.map((each: DeviceId) => ({ engine: id, device: each })))
    .filter((candidate) => device === 'auto' || candidate.device === device);
  if (found.length === 0) throw invalid(`The engine ${engine} cannot use the device ${device}.`);
  return found;
}

function requireChoice(what: string, given: string, known: readonly string[]): void {
  if (given !== 'auto' && !known.includes(given))
    throw invalid(`There is no ${what} "${given}"; there are auto, ${known.join(', ')}.`);
}

function entryOf({ engine }: Candidate, engines: readonly EngineEntry[]): EngineEntry | undefined {
  return engines.find(({ id }) => id === engine);
}

function speedOf({ device }: Candidate, trial: Trial, workers: number): number {
  const each = trial.usable ? (trial.stepsPerSecond ?? 0) : 0;
  return device === 'cpu' ? each * workers : each;
}

function unusable(tried: readonly Tried[]): readonly string[] {
  return tried.flatMap(({ candidate, trial }) =>
    trial.usable ? [] : [`${label(candidate)} cannot be used (${trial.reason.replace(/\.$/, '')})`],
  );
}

/** The device alone for the engine everybody has. */
export function label({ engine, device }: Candidate): string {
  return engine === 'onnx' ? device : `${engine} on ${device}`;
}

function shown(stepsPerSecond: number): string {
  if (stepsPerSecond === 0) return 'too slow to measure';
  return stepsPerSecond < 10 ? stepsPerSecond.toFixed(1) : String(Math.round(stepsPerSecond));
}

function unavailable(message: string): MoatError {
  return new MoatError('device-unavailable', message);
}

function invalid(message: string): MoatError {
  return new MoatError('configuration-invalid', message);
}
