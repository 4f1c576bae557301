/** Per-channel means and standard deviations (RGB, range 0...1) that published encoders were trained with. */

export type Triple = [number, number, number];

export type KnownNormalization = 'none' | 'ImageNet' | 'CLIP' | 'CIFAR-10' | 'half';

const table: Readonly<Record<KnownNormalization, { readonly mean: Triple; readonly std: Triple }>> = {
  none: { mean: [0, 0, 0], std: [1, 1, 1] },
  // torchvision's documentation of its ImageNet weights.
  ImageNet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  // openai/CLIP, clip.py.
  CLIP: { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] },
  // Of the 50 000 training images, as most CIFAR-10 training code has it.
  'CIFAR-10': { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] },
  // google-research/vision_transformer: the range -1...1.
  half: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
};

export const knownNormalizations = Object.keys(table) as readonly KnownNormalization[];

export function normalizationOf(name: KnownNormalization): { mean: Triple; std: Triple } {
  return table[name];
}
