/** How the numbers of a report are computed, as formulas a reader can check: by the id of the metric in tables and database. */
export const metricFormulas: Readonly<Record<string, string>> = {
  'probe-accuracy': 'correct / items, by a linear classifier fitted to frozen embeddings of the fitting rows',
  'knn-accuracy': 'correct / items, by votes exp(cos / T) of the nearest fitting rows',
  'few-label-probe-accuracy': 'probe-accuracy with 100 labels in place of all fitting rows',
  cka: '‖AᵀB‖² / (‖AᵀA‖ · ‖BᵀB‖), columns of A (victim) and B (copy) centered, Frobenius norms',
  'neighbor-overlap-10':
    'mean over scored rows of |N₁₀ victim ∩ N₁₀ copy| / 10, neighbors among the scored rows',
  'neighbor-recall-10':
    'mean over items of |N₁₀ victim ∩ N₁₀ copy| / 10, neighbors in the gallery of fitting rows',
  agreement: 'mean over items of [class by the victim’s probe = class by the copy’s probe]',
  'aligned-r2': '1 − ‖V − C·W‖² / ‖V − mean V‖² on scored rows, W by ridge regression on fitting rows',
  'procrustes-r2': '1 − ‖V − s·C·R‖² / ‖V − mean V‖² on scored rows, s and rotation R on fitting rows',
  'raw-cosine': 'mean over items of cos(victim, copy), in the victim’s own space',
  'raw-l2': 'mean over items of ‖victim − copy‖₂, in the victim’s own space',
  'mi-score': '(I(victim; copy) − I(victim; random)) / (I(victim; victim) − I(victim; random))',
  'honest-recall-10': 'mean over items of |N₁₀ clean ∩ N₁₀ defended| / 10',
};

/** A quantity that is computed from metrics. */
export interface DerivedQuantity {
  readonly id: string;
  readonly title: string;
  readonly formula: string;
  readonly explanation: string;
}

export const derivedQuantities: readonly DerivedQuantity[] = [
  {
    id: 'stolen-gain',
    title: 'Stolen gain',
    formula: '(acc(g) − acc(A₀)) / (acc(f) − acc(A₀))',
    explanation:
      'g is the copy, f the victim, A₀ the best control without a query of the same class of attacker. Not defined where the victim does not beat A₀. A linear map of frozen public features is judged by the largest of probe, kNN, 100 labels and neighbor recall.',
  },
  {
    id: 'protection',
    title: 'Protection',
    formula: '1 − max stolen gain (defended) / max stolen gain (undefended), smallest over tasks',
    explanation: 'The strongest attack on each side, at the number of queries of the policy.',
  },
  {
    id: 'relative-accuracy',
    title: 'Relative accuracy',
    formula: 'acc(g) / acc(f)',
    explanation: 'Without the control subtracted; for comparison with publications.',
  },
  {
    id: 'honest-loss',
    title: 'Honest-user loss',
    formula: 'max over tasks and users of max(acc(clean) − acc(defended)) by probe and kNN',
    explanation: 'In points of accuracy; users with at least as many images as the policy says.',
  },
  {
    id: 'query-curve-level',
    title: 'Q50, Q80, Q90',
    formula: 'smallest n with stolen gain(n) ≥ level, log-linear between the budgets that were run',
    explanation: 'At most the smallest budget, or more than the largest, where the level lies outside.',
  },
  {
    id: 'raise-factor',
    title: 'Raise factor',
    formula: 'Q(defended) / Q(undefended), smallest over attacks',
    explanation: 'A bound where one of the two is a bound.',
  },
  {
    id: 'interval',
    title: '95 % interval',
    formula:
      'middle 95 % of 1 000 replicates: items resampled with replacement, seed means moved by t · s / √S',
    explanation:
      'Items are resampled once for the victim, controls and copies together, so that what they share cancels. t is drawn from Student’s distribution with S − 1 degrees of freedom. Fewer than three seeds give no interval.',
  },
];
