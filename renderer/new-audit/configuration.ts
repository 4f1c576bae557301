/** Configurations of attacks and defenses as the engine spells them: `id[:key=value]*[+id[:key=value]*]`. */

export interface Stage {
  readonly id: string;
  /** Settings that differ from their defaults. */
  readonly values: Readonly<Record<string, string>>;
}

export function parseStages(text: string): readonly Stage[] {
  return text.split('+').map((part) => {
    const [id = '', ...settings] = part.split(':');
    return {
      id,
      values: Object.fromEntries(
        settings.map((setting) => {
          const at = setting.indexOf('=');
          return [setting.slice(0, at), setting.slice(at + 1)];
        }),
      ),
    };
  });
}

export function spellStages(stages: readonly Stage[]): string {
  return stages
    .map(
      ({ id, values }) =>
        id +
        Object.keys(values)
          .sort()
          .map((key) => `:${key}=${values[key] ?? ''}`)
          .join(''),
    )
    .join('+');
}

/** Id of the first stage: of an attack, its only one. */
export function idOf(text: string): string {
  return parseStages(text)[0]?.id ?? '';
}

/** A setting as a form shows it. */
export type Knob = {
  readonly name: string;
  /** As it is spelled; empty where there is none. */
  readonly initial: string;
} & (
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'flag' }
  | {
      readonly kind: 'number';
      readonly isWhole: boolean;
      readonly least: number | null;
      readonly most: number | null;
    }
  | { readonly kind: 'text' }
);

interface Property {
  readonly type?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Property[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
}

/** The settings of a method out of its JSON Schema; a kind of value that no form knows is text. */
export function knobsOf(schema: unknown): readonly Knob[] {
  const { properties } = (typeof schema === 'object' && schema !== null ? schema : {}) as {
    properties?: Readonly<Record<string, Property>>;
  };
  // A digest is computed from the file that stands beside it.
  return Object.entries(properties ?? {})
    .filter(([name]) => name !== 'digest' && name !== 'dimension')
    .map(([name, property]) => knobOf(name, property));
}

function knobOf(name: string, property: Property): Knob {
  const initial = spelled(property.default);
  const choices = property.enum ?? property.anyOf?.map((option) => option.const);
  if (choices !== undefined && choices.every((choice) => choice !== undefined))
    return { name, initial, kind: 'choice', choices: choices.map(spelled) };
  if (property.type === 'boolean') return { name, initial, kind: 'flag' };
  if (property.type === 'number' || property.type === 'integer')
    return {
      name,
      initial,
      kind: 'number',
      isWhole: property.type === 'integer',
      least: property.minimum ?? property.exclusiveMinimum ?? null,
      most: property.maximum ?? property.exclusiveMaximum ?? null,
    };
  return { name, initial, kind: 'text' };
}

function spelled(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined ? '' : JSON.stringify(value);
}

/** The stage with one setting changed; one that is back at its default is left out. */
export function withValue(stage: Stage, knob: Knob, value: string): Stage {
  const { [knob.name]: _, ...others } = stage.values;
  const isDefault = value === knob.initial || value.trim() === '';
  return { id: stage.id, values: isDefault ? others : { ...others, [knob.name]: value } };
}
