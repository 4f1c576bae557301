import { SvelteMap } from 'svelte/reactivity';
import type {
  AuditEstimate,
  AuditSettings,
  BridgeRequest,
  DataSheet,
  EncoderSheet,
  MethodCatalogue,
} from '../../audits/contract/bridge.ts';
import type { EncoderOptions } from '../../audits/contract/encoder.ts';
import type { App } from '../state/context.ts';
import { sentenceOf } from '../bridge/bridge.ts';
import { Asked } from '../state/asked.svelte.ts';
import { idOf } from './configuration.ts';
import { builtinDemo, emptyDraft, isService, readDraft, settingsOf, type Draft } from './draft.ts';

/** Typing pauses longer than this are the end of a word. */
const TYPING_MS = 350;

interface Inspection {
  readonly path: string;
  readonly options: EncoderOptions;
  readonly images?: string | undefined;
  readonly expect?: string | undefined;
}

export type StartReason =
  'encoder' | 'looking' | 'encoderFailed' | 'pool' | 'task' | 'fields' | 'estimate' | 'confirm' | 'offline';

/**
 * The form of the next audit, and what the engine says of it. It outlives its screen; the fields outlive the window, since the
 * engine keeps them.
 */
export class NewAudit {
  draft = $state<Draft>(emptyDraft());
  /** What was kept is here, or cannot be had: until then there is nothing to type into. */
  isLoaded = $state(false);
  /** Why what was kept is not here. */
  readError = $state<string | null>(null);
  /** Why changes are not kept. */
  keepError = $state<string | null>(null);
  /** Which deployed service may be asked, for how much: said anew for every audit. */
  #confirmed = $state<string | null>(null);
  readonly encoder: Asked<Inspection, EncoderSheet>;
  readonly catalogue: Asked<'all', MethodCatalogue>;
  readonly estimate: Asked<BridgeRequest<'audits.estimate'>, AuditEstimate>;
  readonly #looks = new SvelteMap<string, Asked<string, DataSheet>>();
  readonly #app: App;
  #inspected = '';
  /** As text: what is to be kept, and what is. */
  #toKeep = '';
  #kept = '';
  #isKeeping = false;

  constructor(app: App) {
    this.#app = app;
    const { bridge } = app;
    this.encoder = new Asked((question) => bridge.call('encoder.inspect', question), TYPING_MS);
    this.catalogue = new Asked(() => bridge.call('methods.list', {}));
    this.estimate = new Asked((question) => bridge.call('audits.estimate', question), TYPING_MS);
    void this.#load();
  }

  readonly #read = $derived.by(() => settingsOf(this.draft, this.#app.settings.value));
  get settings(): AuditSettings {
    return this.#read.settings;
  }
  get problems() {
    return this.#read.problems;
  }

  get isDemo(): boolean {
    return this.draft.encoder.trim() === builtinDemo;
  }
  get isService(): boolean {
    return isService(this.draft.encoder.trim());
  }
  /** A service may be asked for what the estimate says: another address or limit has to be agreed to again. */
  get isConfirmed(): boolean {
    return this.#confirmed !== null && this.#confirmed === this.#toConfirm;
  }
  set isConfirmed(isConfirmed: boolean) {
    this.#confirmed = isConfirmed ? this.#toConfirm : null;
  }
  get #toConfirm(): string | null {
    const service = this.estimate.answer?.service ?? null;
    return service === null ? null : JSON.stringify([service.address, service.maxSpend]);
  }
  get preset() {
    return this.catalogue.answer?.presets.find(({ id }) => id === this.draft.preset);
  }

  /** Asks whatever the form makes worth asking; for an effect of the screen. */
  ask(): void {
    const { encoder, options, expect, pools } = this.draft;
    const path = encoder.trim();
    // What was found of another file says nothing of this one.
    if (path !== this.#inspected) this.encoder.about(null);
    this.#inspected = path;
    this.encoder.about(
      path === '' || this.isService
        ? null
        : {
            path,
            options: $state.snapshot(options),
            images: pools[0]?.path,
            expect: expect.trim() === '' ? undefined : expect.trim(),
          },
    );
    for (const { path: place } of [...pools, ...this.draft.tasks]) this.look(place);
    if (!this.isWhole) this.estimate.about(null);
    else if (this.isEstimated)
      this.estimate.about({
        settings: this.settings,
        imagesPerSecond: this.encoder.answer?.imagesPerSecond ?? undefined,
        dimension: this.encoder.answer?.dimension,
      });
  }

  /** Everything is named that an audit needs. */
  get isWhole(): boolean {
    const { encoder, pools, tasks } = this.draft;
    return encoder.trim() !== '' && (this.isDemo || (pools.length > 0 && tasks.length > 0));
  }

  /** Fields and encoder are such that an estimate speaks of them; else the last one stays, as an old one. */
  get isEstimated(): boolean {
    return Object.keys(this.problems).length === 0 && this.encoder.error === null;
  }

  /** What is known of a folder of images; asked for when it is first named. */
  look(path: string): Asked<string, DataSheet> {
    const known = this.#looks.get(path);
    if (known !== undefined) return known;
    const asked = new Asked((place: string) => this.#app.bridge.call('data.look', { path: place }));
    this.#looks.set(path, asked);
    asked.about(path);
    return asked;
  }

  known(path: string): Asked<string, DataSheet> | undefined {
    return this.#looks.get(path);
  }

  chooseEncoder(path: string): void {
    const { draft } = this;
    // What was set by hand was set for another file.
    if (path.trim() !== draft.encoder.trim()) draft.options = {};
    draft.encoder = path;
    if (path.trim() === builtinDemo) draft.preset = 'demo';
    else if (draft.preset === 'demo') draft.preset = 'quick';
  }

  async #load(): Promise<void> {
    try {
      this.draft = readDraft((await this.#app.bridge.call('draft.get', {})).draft);
      this.readError = null;
    } catch (error) {
      // A form that begins empty can be used as well.
      this.readError = sentenceOf(error);
    }
    this.#kept = JSON.stringify(this.draft);
    this.isLoaded = true;
  }

  /** Asks once more for what was kept; what was typed meanwhile gives way to it. */
  readAgain(): Promise<void> {
    return this.#load();
  }

  /** Has the engine keep the fields as they are now; for an effect of the screen. */
  keep(): void {
    this.#toKeep = JSON.stringify(this.draft);
    if (this.isLoaded) void this.#keepLatest();
  }

  /** One at a time, and of what was typed meanwhile the latest alone. */
  async #keepLatest(): Promise<void> {
    if (this.#isKeeping) return;
    this.#isKeeping = true;
    try {
      while (this.#toKeep !== this.#kept) {
        const text = this.#toKeep;
        await this.#app.bridge.call('draft.set', { draft: JSON.parse(text) as Record<string, unknown> });
        this.#kept = text;
      }
      this.keepError = null;
    } catch (error) {
      this.keepError = sentenceOf(error);
    } finally {
      this.#isKeeping = false;
    }
  }

  clear(): void {
    this.draft = emptyDraft();
    this.isConfirmed = false;
  }

  /** Why no audit can be started; null where one can. */
  get startReason(): StartReason | null {
    const { draft, encoder, estimate } = this;
    if (draft.encoder.trim() === '') return 'encoder';
    if (encoder.error !== null || encoder.answer?.auditable === false) return 'encoderFailed';
    if (!this.isDemo && draft.pools.length === 0) return 'pool';
    if (!this.isDemo && draft.tasks.length === 0) return 'task';
    if (Object.keys(this.problems).length > 0) return 'fields';
    if (encoder.isAsking) return 'looking';
    if (estimate.error !== null) return 'estimate';
    if (this.isService && !this.isConfirmed) return 'confirm';
    if (this.#app.engine.connection !== 'open') return 'offline';
    return null;
  }

  // Attacks and defenses: the preset's until the first change, then a list of one's own.

  get attacks(): readonly string[] {
    return this.draft.attacks ?? this.preset?.attacks ?? [];
  }
  get defenses(): readonly string[] {
    return (this.draft.defenses ?? this.preset?.defenses ?? []).filter((text) => text !== 'none');
  }
  /** A list of one's own is played against every defense, so what defenses must face is left to the planner. */
  get ownAttacks(): readonly string[] {
    if (this.draft.attacks !== null) return this.draft.attacks;
    const groups = new Map(this.catalogue.answer?.attacks.map(({ id, group }) => [id, group]));
    return this.attacks.filter((text) => {
      const group = groups.get(idOf(text));
      return group !== 'control' && group !== 'adaptive';
    });
  }
  setDefenses(defenses: readonly string[]): void {
    // None is a list too: that of the encoder without a defense.
    this.draft.defenses = ['none', ...new Set(defenses)];
  }
  setAttacks(attacks: readonly string[]): void {
    this.draft.attacks = [...new Set(attacks)];
  }

  /** Defenses that must face an attack, by the attack's id. */
  get faced(): ReadonlyMap<string, readonly { readonly defense: string; readonly reason: string }[]> {
    const faced = new Map<string, { defense: string; reason: string }[]>();
    for (const { attack, defense, reason } of this.estimate.answer?.mandatory ?? this.#assumed())
      faced.set(attack, [...(faced.get(attack) ?? []), { defense, reason }]);
    return faced;
  }

  /** Before there is an estimate: what the methods' own cards say. */
  #assumed(): AuditEstimate['mandatory'] {
    const cards = new Map(this.catalogue.answer?.defenses.map((card) => [card.id, card]));
    return ['none', ...this.defenses].flatMap((defense) => {
      const ids = defense.split('+').map((part) => part.split(':')[0] ?? '');
      const faced = new Set(ids.flatMap((id) => cards.get(id)?.mustFace ?? []));
      const titles = ids.map((id) => cards.get(id)?.title ?? id).join(' + ');
      return [...faced].map((attack) => ({
        attack,
        defense,
        reason: `${titles} must face it.`,
        isNamed: this.attacks.some((text) => text.startsWith(attack)),
      }));
    });
  }
}

const formOf = new WeakMap<App, NewAudit>();

/** The app's one form: whoever leaves the screen finds it as it was. */
export function newAuditOf(app: App): NewAudit {
  const known = formOf.get(app) ?? new NewAudit(app);
  formOf.set(app, known);
  return known;
}
