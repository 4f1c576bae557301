import type { z } from 'zod';
import { MoatError } from './errors.ts';
import type { MethodSpec } from './method.ts';

/**
 * A configuration as people type it: `id[:key=value]*[+id[:key=value]*]`. `+` composes defenses in order;
 * a configuration has one canonical spelling: keys sorted, defaults left out.
 */

const IDENTIFIER = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const KEY = /^[a-z][a-zA-Z0-9]*$/;

/** What a registry must offer to spell and complete a spec. */
export interface MethodSchema {
  readonly meta: { readonly id: string };
  readonly config: z.ZodObject;
}

/** Parses `a:x=1+b:y=two` into its parts; values stay text until a schema reads them. */
export function parseChain(
  text: string,
): readonly { readonly id: string; readonly values: Readonly<Record<string, string>> }[] {
  return text.split('+').map((part) => {
    // A value may itself be a configuration (`base=direct-extraction`), with `/` for its inner colons.
    const [id = '', ...settings] = part.trim().split(':');
    if (!IDENTIFIER.test(id))
      throw usage(`"${part}" does not begin with a method id (letters, digits and dashes).`);
    const values: Record<string, string> = {};
    for (const setting of settings) {
      const at = setting.indexOf('=');
      const key = setting.slice(0, at);
      if (at < 1 || !KEY.test(key)) throw usage(`"${setting}" in "${text}" is not key=value.`);
      if (Object.hasOwn(values, key)) throw usage(`"${key}" is given twice in "${text}".`);
      values[key] = setting.slice(at + 1);
    }
    return { id, values };
  });
}

/** Reads text values with the method's schema; unknown keys and bad values are usage errors that name the choices. */
export function completeSpec(method: MethodSchema, values: Readonly<Record<string, unknown>>): MethodSpec {
  const known = Object.keys(method.config.shape);
  for (const key of Object.keys(values))
    if (!known.includes(key))
      throw usage(
        `${method.meta.id} has no setting "${key}"${known.length > 0 ? `; it has ${known.join(', ')}` : ' (it has none)'}.`,
      );
  const typed = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, typeof value === 'string' ? literal(value) : value]),
  );
  const parsed = method.config.strict().safeParse(typed);
  if (parsed.success) return { id: method.meta.id, config: parsed.data };
  const issue = parsed.error.issues[0];
  throw usage(
    `${method.meta.id}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is invalid'}.`.replaceAll(
      '  ',
      ' ',
    ),
  );
}

/** The one spelling: settings that differ from the defaults, sorted by name. */
export function spellSpec(method: MethodSchema, spec: MethodSpec): string {
  const defaults: Record<string, unknown> = method.config.safeParse({}).data ?? {};
  const settings = Object.keys(spec.config)
    .filter((key) => spec.config[key] !== undefined && spec.config[key] !== defaults[key])
    .sort()
    .map((key) => `:${key}=${String(spec.config[key])}`);
  return spec.id + settings.join('');
}

function literal(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function usage(message: string): MoatError {
  return new MoatError('configuration-invalid', message);
}
