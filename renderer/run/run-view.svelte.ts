import { SvelteMap } from 'svelte/reactivity';
import type { AuditEntry, BridgeEvent, CellEntry } from '../../audits/contract/bridge.ts';
import type { CellKey } from '../../audits/contract/cell.ts';
import type { SerializedError } from '../../audits/contract/errors.ts';
import type { Bridge } from '../bridge/bridge.ts';
import { sentenceOf } from '../bridge/bridge.ts';
import {
  foldCells,
  methodIds,
  sameFold,
  shapeMatrix,
  type DefenseFacts,
  type FoldedCell,
  type MatrixColumn,
  type MatrixRow,
  type MatrixShape,
} from './live-matrix.ts';
import { RunModel, type LogLine, type RunningCell, type StateCounts } from './run-model.ts';
import { isActive, milestone, type Standing } from './run-sentences.ts';

/** Events kept while a snapshot is on its way; more than this, and another snapshot is asked for instead. */
const MOST_WAITING_EVENTS = 2000;
/** Between two snapshots, so that an engine which confuses us is not asked in a loop. */
const SNAPSHOT_PAUSE_MS = 500;
/** After a snapshot that could not be had. */
const RETRY_PAUSE_MS = 2000;

/**
 * What the run screen shows. Events go into the model as they come; what is on the screen follows once per frame, and of the
 * matrix only what has changed. A hidden window has no frames, and pays for none.
 */
export class RunView {
  readonly auditId: string;
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  /** Why there is nothing to show. */
  failure = $state<string | null>(null);
  entry = $state.raw<AuditEntry | null>(null);
  stage = $state('');
  sentence = $state('');
  fraction = $state(0);
  etaMs = $state<number | null>(null);
  cellsDone = $state(0);
  cellsTotal = $state(0);
  counts = $state.raw<StateCounts | null>(null);
  running = $state.raw<readonly RunningCell[]>([]);
  log = $state.raw<readonly LogLine[]>([]);
  error = $state.raw<SerializedError | null>(null);
  shape = $state.raw<MatrixShape>(shapeMatrix([], () => undefined));
  /** By place; each is followed on its own. */
  readonly folded = new SvelteMap<string, FoldedCell>();
  /** Counts up with every frame in which a cell changed: what a figure of several cells follows. */
  turn = $state(0);

  readonly #bridge: Bridge;
  readonly #announce: (sentence: string) => void;
  readonly #model: RunModel;
  #budget = $state<number | null>(null);
  #facts: (defense: string) => DefenseFacts | undefined = () => undefined;
  #standing: Standing = { state: null, stage: '', cellsDone: 0, cellsTotal: 0, failed: 0 };
  #lastLine = 0;
  #frame: number | undefined;
  #waiting: BridgeEvent[] | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastSnapshotAt = -Infinity;
  #isOver = false;

  /** @param announce for what is worth telling a screen reader */
  constructor(bridge: Bridge, auditId: string, announce: (sentence: string) => void) {
    this.#bridge = bridge;
    this.auditId = auditId;
    this.#announce = announce;
    this.#model = new RunModel(auditId);
  }

  /** Begins to listen. @returns what ends it */
  start(): () => void {
    const stopEvents = this.#bridge.subscribe((event) => this.#take(event));
    let wasLost = false;
    const stopConnection = this.#bridge.watchConnection((connection) => {
      if (connection === 'open' && wasLost) this.#refresh();
      wasLost = connection === 'lost';
    });
    this.#refresh();
    void this.#learnMethods();
    return () => {
      this.#isOver = true;
      stopEvents();
      stopConnection();
      if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
      clearTimeout(this.#timer);
    };
  }

  get isActive(): boolean {
    return this.entry !== null && isActive(this.entry.state);
  }

  /** Null: all budgets. */
  get budget(): number | null {
    return this.#budget;
  }

  set budget(budget: number | null) {
    this.#budget = budget;
    this.#foldAll();
  }

  /** A place's cells as they stand; read `turn` beside it to follow them. */
  entriesAt(place: string): readonly CellEntry[] {
    return this.shape.keysAt(place).flatMap((key) => this.#model.cells.get(key) ?? []);
  }

  entryOf(key: CellKey): CellEntry | undefined {
    return this.#model.cells.get(key);
  }

  /** Whether a defense passes only if it holds against this attack. */
  mustFace(row: MatrixRow, column: MatrixColumn): boolean {
    if (row.kind !== 'defense' || column.kind !== 'attack') return false;
    return this.#facts(row.defense)?.mustFace.has(methodIds(column.title)[0] ?? '') ?? false;
  }

  /** Asks for a snapshot, after something was asked of the engine that changes the audit. */
  refresh(): void {
    this.#refresh();
  }

  /** Asks once more for what could not be shown; settles when the answer is there. */
  async retry(): Promise<void> {
    if (this.#waiting !== null || this.#isOver) return;
    this.#waiting = [];
    await this.#load();
  }

  #take(event: BridgeEvent): void {
    if (this.#waiting !== null) {
      if (this.#waiting.length < MOST_WAITING_EVENTS) this.#waiting.push(event);
      return;
    }
    if (this.#model.accept(event) === 'refresh') this.#refresh();
    this.#draw();
  }

  #refresh(): void {
    if (this.#waiting !== null || this.#isOver) return;
    this.#waiting = [];
    const pause = Math.max(0, this.#lastSnapshotAt + SNAPSHOT_PAUSE_MS - performance.now());
    this.#timer = setTimeout(() => void this.#load(), pause);
  }

  async #load(): Promise<void> {
    this.#lastSnapshotAt = performance.now();
    try {
      const snapshot = await this.#bridge.call('audits.snapshot', { id: this.auditId });
      if (this.#isOver) return;
      const { cellsDiffer } = this.#model.load(snapshot);
      if (cellsDiffer || this.phase !== 'ready') this.#layOut();
      // The first picture is whole: a frame without the audit's name would be one of another screen.
      if (this.phase !== 'ready') this.#show();
      this.phase = 'ready';
      this.failure = null;
    } catch (error) {
      if (this.#isOver) return;
      this.failure = sentenceOf(error);
      if (this.phase !== 'ready') this.phase = 'failed';
      // What was there is shown on, and asked for again: an engine that died is on its way back.
      else this.#timer = setTimeout(() => this.#refresh(), RETRY_PAUSE_MS);
    }
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    if (
      this.phase === 'ready' &&
      this.failure === null &&
      waiting.some((event) => this.#model.accept(event) === 'refresh')
    )
      this.#refresh();
    this.#draw();
  }

  async #learnMethods(): Promise<void> {
    try {
      const { defenses } = await this.#bridge.call('methods.list', {});
      const cards = new Map(defenses.map((card) => [card.id, card]));
      this.#facts = (defense) => {
        const own = methodIds(defense).flatMap((id) => cards.get(id) ?? []);
        const [first] = own;
        return first === undefined
          ? undefined
          : { group: first.group, mustFace: new Set(own.flatMap(({ mustFace }) => mustFace)) };
      };
      if (!this.#isOver && this.phase === 'ready') this.#layOut();
    } catch {
      // Without the catalogue rows have no families; the run is shown all the same.
    }
  }

  #layOut(): void {
    this.folded.clear();
    this.shape = shapeMatrix(this.#model.cells.values(), this.#facts);
    this.#foldAll();
  }

  #foldAll(): void {
    this.#foldPlaces(new Set([...this.#model.cells.keys()].flatMap((key) => this.shape.placeOf(key) ?? [])));
  }

  #foldPlaces(places: ReadonlySet<string>): void {
    for (const place of places) {
      const folded = foldCells(this.entriesAt(place), this.#budget);
      if (!sameFold(this.folded.get(place), folded)) this.folded.set(place, folded);
    }
  }

  #draw(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#show();
    });
  }

  #show(): void {
    const model = this.#model;
    const changed = model.takeChanged();
    if (changed.size > 0) {
      this.#foldPlaces(new Set([...changed].flatMap((key) => this.shape.placeOf(key) ?? [])));
      this.turn += 1;
    }
    this.entry = model.entry;
    this.stage = model.stage;
    this.sentence = model.sentence;
    this.fraction = model.fraction;
    this.etaMs = model.etaMs;
    this.cellsDone = model.cellsDone;
    this.cellsTotal = model.cellsTotal;
    this.counts = model.counts;
    this.running = model.running;
    this.error = model.error;
    if (model.lastLine !== this.#lastLine) {
      this.#lastLine = model.lastLine;
      this.log = model.log;
    }
    const standing: Standing = {
      state: model.entry?.state ?? null,
      stage: model.stage,
      cellsDone: model.cellsDone,
      cellsTotal: model.cellsTotal,
      failed: model.counts.failed,
    };
    const said = milestone(this.#standing, standing);
    if (said !== null) this.#announce(said);
    this.#standing = standing;
  }
}
