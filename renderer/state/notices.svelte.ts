/** A short line at the window's foot, with at most one thing to do about it. It stays until it is dismissed or replaced. */
export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly tone: 'plain' | 'problem';
  readonly action: { readonly label: string; readonly run: () => void | Promise<void> } | null;
}

export class Notices {
  current = $state.raw<Notice | null>(null);
  #count = 0;

  say(text: string, options: Partial<Pick<Notice, 'tone' | 'action'>> = {}): void {
    this.current = { id: ++this.#count, text, tone: 'plain', action: null, ...options };
  }

  dismiss(): void {
    this.current = null;
  }
}

/** What a screen reader is told of changes that happen elsewhere than where its user is. */
export class Announcer {
  text = $state('');
  #isEven = false;

  /** The same sentence twice is read twice: a space that is not heard makes it another text. */
  say(text: string): void {
    this.#isEven = !this.#isEven;
    this.text = this.#isEven ? text : `${text}\u00a0`;
  }
}
