import { tick } from 'svelte';

/** After a row is removed, the focus goes to the row that took its place, else to the one before, else to what adds rows. */
export async function focusAfterRemoval(list: HTMLElement, at: number, adder: string): Promise<void> {
  await tick();
  const buttons = list.querySelectorAll<HTMLElement>('[data-removes]');
  (buttons[at] ?? buttons[at - 1] ?? document.getElementById(adder))?.focus();
}
