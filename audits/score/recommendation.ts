import type { Policy } from '../contract/audit.ts';
import type { AuditResult, DefenseVerdict, Estimate } from '../contract/result.ts';
import { applyPolicy, brokenDemands, isOfTheft } from './criteria.ts';
import { listed, points, withInterval } from './sentences.ts';

/** What the policy asks and how many queries defenses were judged at. */
interface Judged {
  readonly policy: Policy;
  readonly judgedBudget: number;
}

/**
 * The passing defense with the least honest-user loss; others whose interval of loss reaches down to its are tied.
 * None passing is said plainly, with what stands in the way, the most frequent first.
 */
export function recommend(
  verdicts: readonly DefenseVerdict[],
  judged: Judged,
): AuditResult['recommendation'] {
  const defended = verdicts.filter(({ defense }) => defense !== 'none');
  const passing = defended
    .flatMap(({ defense, verdict, worstHonestLoss }) =>
      verdict === 'pass' && worstHonestLoss !== null ? [{ defense, loss: worstHonestLoss }] : [],
    )
    .toSorted((a, b) => a.loss.value - b.loss.value || (a.defense < b.defense ? -1 : 1));
  const [best, ...others] = passing;
  if (best === undefined) return { defense: null, sentence: noneSentence(verdicts, judged) };
  const tied = others.filter(({ loss }) => overlap(loss, best.loss)).map(({ defense }) => defense);
  const tie = tied.length === 0 ? '' : ` Tied with ${listed(tied)}: their losses cannot be told apart.`;
  return {
    defense: best.defense,
    sentence: `Switch on ${best.defense}: it keeps the policy and costs honest users ${withInterval(best.loss, points)} on the worst task.${tie}`,
  };
}

type Unpassed = Exclude<DefenseVerdict['verdict'], 'pass'>;

const outcomes = {
  fail: 'failed',
  inconclusive: 'inconclusive',
  'not-measured': 'not cleared by what ran',
} as const satisfies Record<Unpassed, string>;

/** Why a defense cannot be shipped, of one and of several. */
const obstacles = {
  plain: ['falls to a plain attack', 'fall to a plain attack'],
  adaptive: ['falls to an attack made for it', 'fall to attacks made for them'],
  honest: ['costs honest users too much', 'cost honest users too much'],
  close: ['is too close to a limit to tell', 'are too close to a limit to tell'],
  unfaced: ['did not face every attack that it must', 'did not face every attack that they must'],
} as const satisfies Record<string, readonly [one: string, several: string]>;
type Obstacle = keyof typeof obstacles;

function noneSentence(verdicts: readonly DefenseVerdict[], judged: Judged): string {
  const defended = verdicts.filter(({ defense }) => defense !== 'none');
  const [first] = defended;
  if (first === undefined) return 'No defense was audited, so none can be recommended.';
  // What an undefended service must face is made for nobody.
  const plain = verdicts.find(({ defense }) => defense === 'none')?.mustFace ?? [];
  const found = defended.map((verdict) => ({ verdict, why: obstaclesOf(verdict, plain, judged) }));
  if (defended.length === 1) {
    const why = found.flatMap((entry) => entry.why.map((id) => obstacles[id][0]));
    const outcome = first.verdict === 'pass' ? 'what it costs was not measured' : outcomes[first.verdict];
    return `The one audited defense, ${first.defense}, cannot be recommended: ${why.length === 0 ? outcome : `it ${listed(why)}`}.`;
  }
  const parts = Object.entries(outcomes).flatMap(([word, spelled]) => {
    const own = found.filter(({ verdict }) => verdict.verdict === word);
    return own.length === 0 ? [] : [`${own.length} ${spelled}${counted(own.flatMap(({ why }) => why))}`];
  });
  return `None of the ${defended.length} audited defenses can be recommended: ${listed(parts)}.`;
}

function obstaclesOf(verdict: DefenseVerdict, plain: readonly string[], judged: Judged): readonly Obstacle[] {
  const { strongestAttack, mustFace, missingAttacks } = verdict;
  if (verdict.verdict === 'inconclusive') return ['close'];
  if (verdict.verdict === 'not-measured') return missingAttacks.length > 0 ? ['unfaced'] : [];
  const broken = brokenDemands(judged, applyPolicy(judged.policy, verdict, { honestUsers: true }));
  const isMadeFor = mustFace.some((id) => !plain.includes(id) && isAttack(strongestAttack, id));
  return [
    ...(broken.some(({ id }) => isOfTheft(id))
      ? [isMadeFor ? ('adaptive' as const) : ('plain' as const)]
      : []),
    ...(broken.some(({ id }) => !isOfTheft(id)) ? ['honest' as const] : []),
  ];
}

/** Whether a label, with its settings and its surrogate, is of this attack: `rda:epochs=5 [resnet18]`. */
function isAttack(label: string | null, id: string): boolean {
  return label !== null && label.split(/[: ]/, 1)[0] === id;
}

/** ` (3 fall to a plain attack, 1 costs honest users too much)`. */
function counted(found: readonly Obstacle[]): string {
  if (found.length === 0) return '';
  const kinds = [...Map.groupBy(found, (id) => id)].toSorted(([, a], [, b]) => b.length - a.length);
  const words = kinds.map(([id, all]) => `${all.length} ${obstacles[id][all.length === 1 ? 0 : 1]}`);
  return ` (${words.join(', ')})`;
}

function overlap(a: Estimate, b: Estimate): boolean {
  return a.low !== null && b.high !== null && a.low <= b.high;
}
