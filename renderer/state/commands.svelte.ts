import { SvelteMap } from 'svelte/reactivity';
import type { Stop } from '../bridge/bridge.ts';

/** Something the user can have done from the palette, by keys, or from a menu. */
export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: string;
  /** `mod` is Cmd on a Mac and Ctrl elsewhere; the last part is a `KeyboardEvent.code`. */
  readonly keys?: readonly [...(readonly ('mod' | 'alt' | 'shift')[]), string];
  readonly isAvailable?: () => boolean;
  readonly run: () => void | Promise<void>;
}

/** One registry for keys, palette and help sheet. Screens add their own commands while they are shown. */
export class CommandRegistry {
  readonly #commands = new SvelteMap<string, Command>();

  get all(): readonly Command[] {
    return [...this.#commands.values()];
  }

  get available(): readonly Command[] {
    return this.all.filter((command) => command.isAvailable?.() ?? true);
  }

  add(commands: readonly Command[]): Stop {
    for (const command of commands) this.#commands.set(command.id, command);
    return () => {
      for (const command of commands)
        if (this.#commands.get(command.id) === command) this.#commands.delete(command.id);
    };
  }

  run(id: string): void {
    const command = this.#commands.get(id);
    if (command !== undefined && (command.isAvailable?.() ?? true)) void command.run();
  }

  /** True where the keys meant a command, which then ran. */
  take(event: KeyboardEvent, isMac: boolean): boolean {
    const command = this.available.find(({ keys }) => keys !== undefined && isPressed(keys, event, isMac));
    if (command === undefined) return false;
    void command.run();
    return true;
  }
}

function isPressed(keys: NonNullable<Command['keys']>, event: KeyboardEvent, isMac: boolean): boolean {
  const wants = (modifier: string) => keys.slice(0, -1).includes(modifier);
  return (
    event.code === keys.at(-1) &&
    event.altKey === wants('alt') &&
    event.shiftKey === wants('shift') &&
    (isMac ? event.metaKey : event.ctrlKey) === wants('mod') &&
    !(isMac ? event.ctrlKey : event.metaKey)
  );
}

/** `Ctrl K`, on a Mac `⌘ K`. */
export function spellKeys(keys: NonNullable<Command['keys']>, isMac: boolean): string {
  const names: Readonly<Record<string, string>> = isMac
    ? { mod: '⌘', alt: '⌥', shift: '⇧' }
    : { mod: 'Ctrl', alt: 'Alt', shift: 'Shift' };
  return keys.map((key) => names[key] ?? key.replace(/^(Key|Digit)/, '').replace('Slash', '/')).join(' ');
}
