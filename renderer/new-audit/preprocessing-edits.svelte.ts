import type { EncoderSheet } from '../../audits/contract/bridge.ts';
import type { EncoderOptions } from '../../audits/contract/encoder.ts';
import { newAuditWords } from '../strings/en.ts';
import type { Draft } from './draft.ts';
import { readSize, readTriple } from './preprocessing-text.ts';

export type PreprocessingField =
  'size' | 'layout' | 'range' | 'mean' | 'std' | 'output' | 'projection' | 'pooling';

/** What was found of an encoder's preprocessing, and what the user has set in its place. */
export class PreprocessingEdits {
  /** Texts that cannot be read yet: they stay in their fields and are not sent. */
  unread = $state<Partial<Record<PreprocessingField, string>>>({});
  readonly #draft: () => Draft;
  readonly #sheet: () => EncoderSheet;

  constructor(draft: () => Draft, sheet: () => EncoderSheet) {
    this.#draft = draft;
    this.#sheet = sheet;
  }

  valueOf<Field extends PreprocessingField>(field: Field): EncoderOptions[Field] {
    return this.#draft().options[field] ?? this.#sheet().options[field];
  }

  isSet(field: PreprocessingField): boolean {
    return this.#draft().options[field] !== undefined;
  }

  /** In words, where a value comes from. */
  sourceOf(field: PreprocessingField): string {
    const { sources } = newAuditWords.preprocessing;
    if (this.isSet(field)) return sources.flag;
    const found = this.#sheet().preprocessing.find(({ name }) => name === field)?.source ?? '';
    return (sources as Readonly<Record<string, string>>)[found] ?? sources.model;
  }

  set(changes: EncoderOptions, field: PreprocessingField): void {
    delete this.unread[field];
    const draft = this.#draft();
    draft.options = { ...draft.options, ...changes };
  }

  unset(field: PreprocessingField): void {
    delete this.unread[field];
    const draft = this.#draft();
    const { [field]: _, ...others } = draft.options;
    draft.options = others;
  }

  setOutput(name: string): void {
    // One output is not both.
    if (this.#draft().options.projection === name) this.unset('projection');
    this.set({ output: name }, 'output');
  }

  typeSize(text: string): void {
    const size = readSize(text);
    if (size === undefined) this.unread.size = text;
    else this.set({ size }, 'size');
  }

  typeTriple(field: 'mean' | 'std', text: string): void {
    const triple = readTriple(text);
    if (triple === undefined) this.unread[field] = text;
    else this.set({ [field]: triple }, field);
  }

  /** Everything at once, over what was typed. */
  adopt(options: EncoderOptions): void {
    this.unread = {};
    const draft = this.#draft();
    draft.options = { ...draft.options, ...options };
  }
}
