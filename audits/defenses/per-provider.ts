import type { ProviderStatistics } from '../contract/method.ts';

/**
 * Computes what a defense learns from the provider's data once per provider and key, however many accounts open a session:
 * calibrating on a thousand rows takes longer than answering most accounts. The values are forgotten with the provider.
 * @param compute a pure function of its arguments; `key` names everything beside the provider that it depends on
 */
export function oncePerProvider<Argument, Value>(
  compute: (provider: ProviderStatistics, argument: Argument) => Value,
  key: (argument: Argument) => string,
): (provider: ProviderStatistics, argument: Argument) => Value {
  const known = new WeakMap<ProviderStatistics, Map<string, { readonly value: Value }>>();
  return (provider, argument) => {
    const ofProvider = known.get(provider) ?? new Map<string, { readonly value: Value }>();
    known.set(provider, ofProvider);
    const name = key(argument);
    const found = ofProvider.get(name) ?? { value: compute(provider, argument) };
    ofProvider.set(name, found);
    return found.value;
  };
}
