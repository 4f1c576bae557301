import type { AppSettings, AuditSettings } from '../../audits/contract/bridge.ts';
import type { EncoderOptions } from '../../audits/contract/encoder.ts';

/** What somebody is about to audit: fields as they were typed, plain data that survives JSON. */
export interface Draft {
  encoder: string;
  options: EncoderOptions;
  /** `replies.npz` of production. */
  expect: string;
  /** Of a deployed service: the file that says how it is asked. */
  endpoint: string;
  pools: { path: string; share: string }[];
  tasks: { name: string; path: string }[];
  preset: string;
  /** Null: the preset's. */
  attacks: string[] | null;
  defenses: string[] | null;
  listedOnly: boolean;
  budgets: string;
  accounts: string;
  seeds: string;
  time: string;
  hasPolicy: boolean;
  policy: { budget: string; minProtection: string; maxStolenGain: string; maxHonestLoss: string };
  seed: string;
  fitRows: string;
  scoreRows: string;
  backbone: string;
  surrogate: string;
  queryPolicy: string;
  transfer: boolean;
  ownership: boolean;
  zoo: string;
  private: string;
  public: string;
}

export const builtinDemo = 'builtin:demo';

export function emptyDraft(): Draft {
  return {
    encoder: '',
    options: {},
    expect: '',
    endpoint: '',
    pools: [],
    tasks: [],
    preset: 'quick',
    attacks: null,
    defenses: null,
    listedOnly: false,
    budgets: '',
    accounts: '',
    seeds: '',
    time: '',
    hasPolicy: false,
    policy: { budget: '', minProtection: '', maxStolenGain: '', maxHonestLoss: '' },
    seed: '',
    fitRows: '',
    scoreRows: '',
    backbone: '',
    surrogate: '',
    queryPolicy: '',
    transfer: false,
    ownership: false,
    zoo: '',
    private: '',
    public: '',
  };
}

/** A stored draft, with what is missing or of another kind as in an empty one. */
export function readDraft(stored: unknown): Draft {
  const empty = emptyDraft();
  if (typeof stored !== 'object' || stored === null) return empty;
  const entries = Object.entries(empty).map(([key, value]: [string, unknown]) => {
    const found: unknown = (stored as Record<string, unknown>)[key];
    const isSame = value === null ? found === null || Array.isArray(found) : kindOf(found) === kindOf(value);
    return [key, isSame ? found : value];
  });
  const draft = Object.fromEntries(entries) as Draft;
  const isText = (value: unknown): boolean => typeof value === 'string';
  const isWhole =
    draft.pools.every(({ path, share }) => isText(path) && isText(share)) &&
    draft.tasks.every(({ name, path }) => isText(name) && isText(path)) &&
    [...(draft.attacks ?? []), ...(draft.defenses ?? [])].every(isText);
  return isWhole ? { ...draft, policy: { ...empty.policy, ...draft.policy } } : empty;
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
}

export function isService(encoder: string): boolean {
  return /^https?:/i.test(encoder);
}

/** What of a draft cannot be read, by field. */
export type DraftProblems = Readonly<Partial<Record<NumberField, 'whole' | 'number' | 'list' | 'time'>>>;
export type NumberField =
  | 'budgets'
  | 'accounts'
  | 'seeds'
  | 'time'
  | 'seed'
  | 'fitRows'
  | 'scoreRows'
  | 'policyBudget'
  | 'minProtection'
  | 'maxStolenGain'
  | 'maxHonestLoss';

/** The draft as the engine takes it; empty fields are left to the preset. */
export function settingsOf(
  draft: Draft,
  app: AppSettings | null,
): { readonly settings: AuditSettings; readonly problems: DraftProblems } {
  const problems: Record<string, 'whole' | 'number' | 'list' | 'time'> = {};
  const number = (field: NumberField, text: string, scale = 1): number | undefined => {
    if (text.trim() === '') return undefined;
    const value = Number(text.replace(',', '.'));
    if (Number.isFinite(value) && value >= 0) return value / scale;
    problems[field] = 'number';
    return undefined;
  };
  const whole = (field: NumberField, text: string): number | undefined => {
    if (text.trim() === '') return undefined;
    if (/^\d+$/.test(text.trim())) return Number(text);
    problems[field] = 'whole';
    return undefined;
  };
  const wholes = (field: NumberField, text: string): readonly number[] | undefined => {
    const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
    if (parts.length === 0) return undefined;
    if (parts.every((part) => /^[1-9]\d*$/.test(part))) return parts.map(Number);
    problems[field] = 'list';
    return undefined;
  };
  const time = draft.time.trim();
  if (time !== '' && !/^\d+(\.\d+)?(s|m|h)$/.test(time)) problems['time'] = 'time';
  const names = (text: string): readonly string[] | undefined => {
    const parts = text.split(/[\s,]+/).filter((part) => part !== '');
    return parts.length === 0 ? undefined : parts;
  };
  const policy = draft.hasPolicy
    ? present({
        budget: whole('policyBudget', draft.policy.budget),
        minProtection: number('minProtection', draft.policy.minProtection, 100),
        maxStolenGain: number('maxStolenGain', draft.policy.maxStolenGain),
        maxHonestLoss: number('maxHonestLoss', draft.policy.maxHonestLoss, 100),
      })
    : undefined;
  const isFile = !isService(draft.encoder) && draft.encoder !== builtinDemo;
  const settings = present({
    ...(app === null
      ? {}
      : {
          engine: app.engine === 'auto' ? undefined : app.engine,
          device: app.device === 'auto' ? undefined : app.device,
          workers: app.workers ?? undefined,
          price: app.price ?? undefined,
          gpuHour: app.gpuHour ?? undefined,
          accountPrice: app.accountPrice ?? undefined,
          labelPrice: app.labelPrice ?? undefined,
          trainingCost: app.trainingCost ?? undefined,
        }),
    encoder: filled(draft.encoder),
    endpoint: isService(draft.encoder) ? filled(draft.endpoint) : undefined,
    ...(isFile ? present(draft.options) : {}),
    pool:
      draft.pools.length === 0
        ? undefined
        : draft.pools.map(({ path, share }) => (share.trim() === '' ? path : `${path}=${share.trim()}`)),
    task:
      draft.tasks.length === 0
        ? undefined
        : Object.fromEntries(draft.tasks.map(({ name, path }) => [name.trim(), path])),
    preset: draft.preset,
    // A list without an attack still has the control, which is always measured.
    attacks: draft.attacks === null ? undefined : draft.attacks.length === 0 ? ['no-victim'] : draft.attacks,
    listedOnly: draft.listedOnly && draft.attacks !== null ? true : undefined,
    defenses: draft.defenses === null || draft.defenses.length === 0 ? undefined : draft.defenses,
    budgets: wholes('budgets', draft.budgets),
    accounts: wholes('accounts', draft.accounts),
    seeds: whole('seeds', draft.seeds),
    time: problems['time'] === undefined ? filled(draft.time) : undefined,
    policy,
    seed: whole('seed', draft.seed),
    fitRows: whole('fitRows', draft.fitRows),
    scoreRows: whole('scoreRows', draft.scoreRows),
    backbone: filled(draft.backbone),
    surrogate: names(draft.surrogate),
    queryPolicy: names(draft.queryPolicy),
    fidelity: draft.transfer ? ['transfer'] : undefined,
    ...(draft.ownership
      ? {
          ownership: true,
          zoo: filled(draft.zoo),
          private: filled(draft.private),
          public: filled(draft.public),
        }
      : {}),
  });
  return { settings, problems };
}

function filled(text: string): string | undefined {
  return text.trim() === '' ? undefined : text.trim();
}

function present(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Names of the tasks whose folder is a pool too, or lies in one, or holds one. */
export function overlapping(draft: Pick<Draft, 'pools' | 'tasks'>): readonly string[] {
  const places = draft.pools.map(({ path }) => folderOf(path));
  return draft.tasks
    .filter(({ path }) => {
      const task = folderOf(path);
      return places.some((pool) => pool.startsWith(task) || task.startsWith(pool));
    })
    .map(({ name }) => name);
}

function folderOf(path: string): string {
  return `${path.replaceAll('\\', '/').replace(/\/+$/, '')}/`;
}

/** A name for a task out of its folder that no other task has. */
export function taskName(path: string, taken: readonly string[]): string {
  const base = path.split(/[\\/]/).findLast((part) => part !== '') ?? 'task';
  const name = base.replace(/\.(npz|mat|bin)$/i, '');
  if (!taken.includes(name)) return name;
  for (let number = 2; ; number++) if (!taken.includes(`${name}-${number}`)) return `${name}-${number}`;
}
