import type { ProviderStatistics } from '../contract/method.ts';

/**
 * What a defense learns from the provider's embeddings, learned once: every account of a service opens a session with the same
 * statistics, and what is learned from them does not depend on the account.
 * @param learn pure: decided by the statistics and the variant's name alone
 */
export function oncePerProvider<Learned>(
  learn: (provider: ProviderStatistics, variant: string) => Learned,
): (provider: ProviderStatistics, variant: string) => Learned {
  const known = new WeakMap<ProviderStatistics, Map<string, Learned>>();
  return (provider, variant) => {
    const variants = known.get(provider) ?? new Map<string, Learned>();
    known.set(provider, variants);
    const found = variants.get(variant) ?? learn(provider, variant);
    variants.set(variant, found);
    return found;
  };
}
