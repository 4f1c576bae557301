import { MoatError } from '../contract/errors.ts';

/**
 * A value for a JSON column that reads back equal.
 * @throws MoatError `internal` for NaN and infinities, which JSON would silently turn into null.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (name, entry: unknown) => {
    if (typeof entry === 'number' && !Number.isFinite(entry))
      throw new MoatError('internal', `The field "${name}" is ${entry}, which cannot be stored.`);
    return entry;
  });
}

/** As `toJson`, for error details, which may hold anything: what JSON lacks becomes text. */
export function toJsonLenient(value: unknown): string {
  const ancestors: unknown[] = [];
  return JSON.stringify(value, function (this: unknown, _name, entry: unknown) {
    if (typeof entry === 'bigint') return String(entry);
    if (typeof entry === 'number' && !Number.isFinite(entry)) return String(entry);
    if (typeof entry !== 'object' || entry === null) return entry;
    // `this` holds `entry`: whatever lies behind it on the stack is not an ancestor of `entry`.
    while (ancestors.length > 0 && ancestors.at(-1) !== this) ancestors.pop();
    if (ancestors.includes(entry)) return '[circular]';
    ancestors.push(entry);
    return entry;
  });
}

/** Reads a JSON column; the caller knows the type `toJson` wrote there. */
export function fromJson(text: string): unknown {
  return JSON.parse(text);
}
