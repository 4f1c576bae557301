import { styleText } from 'node:util';

export type Tone = 'strong' | 'quiet' | 'good' | 'bad' | 'doubtful' | 'accent';

/** What a rendering needs to know of the terminal it is made for. */
export interface View {
  readonly columns: number;
  readonly paint: (tone: Tone, text: string) => string;
}

const formats = {
  strong: 'bold',
  quiet: 'dim',
  good: 'cyan',
  bad: 'red',
  doubtful: 'yellow',
  accent: 'blue',
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>;

/** Widest text without a terminal, and a bound on very wide ones: longer lines are hard to read. */
const DEFAULT_COLUMNS = 100;
const WIDEST_COLUMNS = 200;
const NARROWEST_COLUMNS = 20;

export const plainPaint: View['paint'] = (_tone, text) => text;

/** A view for a stream. Colour only on a terminal that wants it (`NO_COLOR`, `FORCE_COLOR` are honoured). */
export function viewOf(stream: NodeJS.WriteStream): View {
  return {
    columns: Math.min(WIDEST_COLUMNS, Math.max(NARROWEST_COLUMNS, stream.columns ?? DEFAULT_COLUMNS)),
    paint: (tone, text) => styleText(formats[tone], text, { stream }),
  };
}
