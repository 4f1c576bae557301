import { randomBytes } from 'node:crypto';
import type { BridgeEvent } from '../contract/bridge.ts';
import type { AuditId } from '../contract/cell.ts';
import type { Clock } from '../contract/context.ts';

type Event = BridgeEvent['event'];
export type EventListener = (event: BridgeEvent) => void;

/** A listener that was away for longer than these asks for snapshots again. */
const REMEMBERED = 5000;
/** Between two `progress` events of one audit: a window shows no more than this many a second. */
const PROGRESS_INTERVAL_MS = 100;

interface Held {
  lastAtMs: number;
  event: Event | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Numbers what happens, remembers the newest of it, tells everybody who listens. */
export class EventHub {
  readonly engineLife = randomBytes(8).toString('hex');
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #listeners = new Set<EventListener>();
  #history: BridgeEvent[] = [];
  #sequence = 0;
  readonly #progress = new Map<AuditId, Held>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Number of the newest event; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Of progress, only the newest within a tenth of a second is told. */
  publish(event: Event): void {
    if (event.type !== 'run') this.#emit(event);
    else if (event.run.type === 'progress') this.#coalesce(event.auditId, event);
    else {
      // Progress of a stage that is over must not come after the next one began.
      if (event.run.type === 'stage') this.#release(event.auditId);
      this.#emit(event);
    }
  }

  /** @returns what ends the listening */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What came after an event, as far as it is remembered: the first number says whether something is missing. */
  since(sequence: number): readonly BridgeEvent[] {
    return this.#history.filter((event) => event.sequence > sequence);
  }

  close(): void {
    for (const { timer } of this.#progress.values()) clearTimeout(timer);
    this.#progress.clear();
    this.#listeners.clear();
  }

  #coalesce(id: AuditId, event: Event): void {
    const held = this.#progress.get(id) ?? {
      lastAtMs: Number.NEGATIVE_INFINITY,
      event: undefined,
      timer: undefined,
    };
    this.#progress.set(id, held);
    held.event = event;
    const waitMs = held.lastAtMs + PROGRESS_INTERVAL_MS - this.#clock.monotonicMs();
    if (waitMs <= 0) this.#release(id);
    else held.timer ??= setTimeout(() => this.#release(id), waitMs).unref();
  }

  #release(id: AuditId): void {
    const held = this.#progress.get(id);
    if (held?.event === undefined) return;
    clearTimeout(held.timer);
    const { event } = held;
    this.#progress.set(id, { lastAtMs: this.#clock.monotonicMs(), event: undefined, timer: undefined });
    this.#emit(event);
  }

  #emit(event: Event): void {
    this.#sequence += 1;
    const numbered: BridgeEvent = { sequence: this.#sequence, engineLife: this.engineLife, event };
    this.#history.push(numbered);
    // Cut in pieces: shifting one by one moves the whole array each time.
    if (this.#history.length > 2 * REMEMBERED) this.#history = this.#history.slice(-REMEMBERED);
    for (const listener of this.#listeners) listener(numbered);
  }
}
