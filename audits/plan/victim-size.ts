import type { SurrogateSettings } from '../contract/method.ts';
import type { Preprocessing } from '../contract/encoder.ts';

/** Pixels the victim never sees are no help to a thief: a surrogate's input is at most the victim's. */
export function withinVictimSize(
  settings: SurrogateSettings,
  { height, width }: Pick<Preprocessing, 'height' | 'width'>,
): SurrogateSettings {
  return { ...settings, inputSize: Math.min(settings.inputSize, height, width) };
}
