import { sentenceOf } from '../bridge/bridge.ts';

/**
 * An answer that is asked for again whenever the question changes: not at every key but after a pause, and the last good
 * answer stays in sight, marked as old, until there is a new one.
 */
export class Asked<Question, Answer> {
  answer = $state.raw<Answer | null>(null);
  error = $state<string | null>(null);
  isAsking = $state(false);

  readonly #ask: (question: Question) => Promise<Answer>;
  readonly #pauseMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The question last asked, as text: the same one is not asked twice. */
  #key: string | null = null;
  #question: Question | null = null;
  #count = 0;

  constructor(ask: (question: Question) => Promise<Answer>, pauseMs = 0) {
    this.#ask = ask;
    this.#pauseMs = pauseMs;
  }

  /** The answer is to an earlier question. */
  get isOld(): boolean {
    return this.answer !== null && (this.isAsking || this.error !== null);
  }

  /** @param question null: there is nothing to ask, and no answer */
  about(question: Question | null): void {
    const key = question === null ? null : JSON.stringify(question);
    if (key === this.#key) return;
    this.#key = key;
    this.#question = question;
    clearTimeout(this.#timer);
    const count = ++this.#count;
    if (question === null) {
      this.answer = null;
      this.error = null;
      this.isAsking = false;
      return;
    }
    this.isAsking = true;
    this.#timer = setTimeout(() => void this.#now(question, count), this.#pauseMs);
  }

  /** Asks the last question once more, at once; settles when the answer is there. */
  async retry(): Promise<void> {
    if (this.#question === null) return;
    clearTimeout(this.#timer);
    this.isAsking = true;
    await this.#now(this.#question, ++this.#count);
  }

  async #now(question: Question, count: number): Promise<void> {
    try {
      const answer = await this.#ask(question);
      if (count !== this.#count) return;
      this.answer = answer;
      this.error = null;
    } catch (error) {
      if (count !== this.#count) return;
      this.error = sentenceOf(error);
    }
    this.isAsking = false;
  }
}
