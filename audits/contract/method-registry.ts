import { MoatError } from './errors.ts';
import type { MethodMeta } from './method.ts';

/**
 * The methods of one family that this process knows: the literal list that ships, and what a user's file has brought. A
 * file's methods are added before anything is planned or run, and stay for the life of the process, which works on one
 * audit.
 */
export class MethodRegistry<Definition extends { readonly meta: MethodMeta }> {
  readonly #shipped: readonly Definition[];
  readonly #added = new Map<string, { readonly definition: Definition; readonly plugin: string }>();

  constructor(shipped: readonly Definition[]) {
    this.#shipped = shipped;
  }

  /** Those that ship, in the order of their list, then the added ones. */
  all(): readonly Definition[] {
    return [...this.#shipped, ...[...this.#added.values()].map(({ definition }) => definition)];
  }

  find(id: string): Definition | undefined {
    return this.#shipped.find(({ meta }) => meta.id === id) ?? this.#added.get(id)?.definition;
  }

  /** SHA-256 (hex) of the file a method comes from; undefined for one that ships. */
  pluginOf(id: string): string | undefined {
    return this.#added.get(id)?.plugin;
  }

  /** @throws MoatError `plugin-invalid` when the id is taken */
  add(definition: Definition, plugin: string): void {
    const { id } = definition.meta;
    if (this.find(id) !== undefined)
      throw new MoatError('plugin-invalid', `The id "${id}" is taken; give your method another one.`);
    this.#added.set(id, { definition, plugin });
  }
}
