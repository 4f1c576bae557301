import { pageText } from './page-text.ts';

/** What an audit's encoder is called in lists: the file's name, without the folders it lies in. */
export function encoderName(encoder: string, builtinDemo: string): string {
  if (encoder === 'builtin:demo') return builtinDemo;
  if (/^https?:\/\//.test(encoder)) return pageText(encoder);
  return pageText(encoder.split(/[/\\]/).findLast((part) => part !== '') ?? encoder);
}
