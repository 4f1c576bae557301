/** A user's file with methods of their own, as an audit knows it. */
export interface PluginFile {
  /** Absolute. */
  readonly path: string;
  /** SHA-256 (hex) of its bytes: part of the key of every cell its methods compute. */
  readonly sha256: string;
  /** Ids of what it defines. */
  readonly attacks: readonly string[];
  readonly defenses: readonly string[];
}
