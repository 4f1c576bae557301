import type { MethodSpec } from '../contract/method.ts';
import type { Evidence, Gain, TaskEvidence } from './evidence.ts';
import { extremeEstimate } from './extremes.ts';
import type { AttackGroup } from './groups.ts';
import { FEWEST_SEEDS } from './intervals.ts';
import { undefinedGain } from './matrix-cells.ts';
import { quantities } from './quantities.ts';
import { count, listed, percent, withInterval } from './sentences.ts';

/** What a pass rests on and is not there, as sentences without a full stop: any one makes a verdict "not measured". */
export function findGaps(
  evidence: Evidence,
  defense: { readonly label: string; readonly chain: readonly MethodSpec[] },
  missingAttacks: readonly string[],
  undefended: readonly Gain[],
): readonly string[] {
  return [
    ...batteryGaps(evidence, defense.label, defense.chain, missingAttacks),
    ...strengthGaps(evidence, undefended),
    ...honestGaps(evidence, defense.label, defense.chain),
  ];
}

/** Gains at the judged budget for accounts within the policy. */
export function gainsOf(evidence: Evidence, defense: string): readonly Gain[] {
  return evidence.gains.filter(({ group }) => group.defense === defense && isJudged(evidence, group));
}

export function isJudged({ judgedBudget, config }: Evidence, group: AttackGroup): boolean {
  const within = config.accounts.filter((accounts) => accounts <= Math.max(...config.policy.accounts));
  return group.budget === judgedBudget && (within.length === 0 || within.includes(group.accounts));
}

/**
 * Whether the attack, in some configuration, finished against the defense: at each of the policy's accounts where accounts
 * make a difference and the attack exists with that many. An attack that needs more accounts than the policy's attacker
 * has (maps between accounts, with one) is nothing that attacker could do: facing it takes no cell.
 */
export function isFaced(
  evidence: Evidence,
  { label, chain }: { readonly label: string; readonly chain: readonly MethodSpec[] },
  attackId: string,
): boolean {
  const groups = evidence.groups.attacks.filter(
    (group) => group.defense === label && group.attackId === attackId && isJudged(evidence, group),
  );
  if (groups.length === 0) return false;
  const wanted = evidence.config.policy.accounts.filter((accounts) =>
    groups.some(({ spec }) => evidence.facts.canFace(spec, chain, accounts)),
  );
  if (wanted.length === 0) return true;
  if (!evidence.facts.isStateful(chain)) return groups.some(({ state }) => state === 'done');
  return wanted.every((accounts) =>
    groups.some((group) => group.accounts === accounts && group.state === 'done'),
  );
}

/** What the battery lacks before this defense could be cleared. */
function batteryGaps(
  evidence: Evidence,
  label: string,
  chain: readonly MethodSpec[],
  missingAttacks: readonly string[],
): readonly string[] {
  const { policy } = evidence.config;
  const groups = evidence.groups.attacks.filter((group) => group.defense === label);
  const judged = groups.filter((group) => isJudged(evidence, group));
  const stopped = judged.filter(({ state }) => state !== 'done' && state !== 'not-applicable');
  const gaps: string[] = [];
  const few = judged.find(({ done }) => done.length > 0 && done.length < FEWEST_SEEDS);
  if (few?.cells.length === 1) gaps.push(`one seed gives no interval, a pass needs at least ${FEWEST_SEEDS}`);
  // Of an attack that finished with other numbers of accounts, the accounts are what is missing.
  const unfinished = missingAttacks.filter((id) => {
    const played = judged.filter(({ attackId }) => attackId === id);
    return played.length === 0 || played.some(({ state }) => state !== 'done');
  });
  if (unfinished.length > 0)
    gaps.push(`no attack broke a limit, but ${listed(unfinished)} did not finish against it`);
  if (stopped.length > 0)
    gaps.push(
      `${listed([...new Set(stopped.map(({ attack, state }) => `${attack} (${state})`))])} gave no result`,
    );
  if (evidence.judgedBudget !== policy.budget)
    gaps.push(
      `the policy asks for ${count(policy.budget)} queries, ${count(evidence.judgedBudget)} were judged`,
    );
  const accounts = policy.accounts.filter(
    (wanted) => !judged.some((group) => group.accounts === wanted && group.state === 'done'),
  );
  // Replies that depend on nothing but the image are the same to one account as to five.
  if (evidence.facts.isStateful(chain) && accounts.length > 0)
    gaps.push(`the policy asks for an attacker with ${listed(accounts.map(String))} accounts`);
  else {
    const elsewhere = missingAttacks.filter((id) => !unfinished.includes(id));
    if (elsewhere.length > 0)
      gaps.push(`${listed(elsewhere)} did not face it with every number of accounts the policy asks for`);
  }
  if (few !== undefined && few.cells.length > 1)
    gaps.push(`too few repeats: ${few.done.length} of at least ${FEWEST_SEEDS} seeds`);
  // Where a class of attackers has nothing to gain its attacks are flagged, not missing; without its control they are.
  const unmeasured = judged.find(
    (group) =>
      group.state === 'done' && !evidence.tasks.some((task) => hasReference(task, group.usesBackbone)),
  );
  if (unmeasured !== undefined) gaps.push(whyNoGain(evidence, unmeasured));
  return gaps;
}

function hasReference(task: TaskEvidence, usesBackbone: boolean): boolean {
  const baseline = usesBackbone ? task.baselines.backbone : task.baselines.without;
  return task.victimProbe !== undefined && baseline !== undefined;
}

/** Why an attack that ran has no stolen gain. */
export function whyNoGain(evidence: Evidence, group: AttackGroup): string {
  const [task] = evidence.tasks;
  const why = task === undefined ? '' : `: ${undefinedGain(task, group.usesBackbone).replace(/\.$/, '')}`;
  return `the stolen gain of ${group.attack} is undefined${why}`;
}

/** Attacks that steal little undefended cannot clear anything. */
function strengthGaps(evidence: Evidence, undefended: readonly Gain[]): readonly string[] {
  const { minUndefendedGain } = evidence.config.policy;
  const worst = extremeEstimate(
    undefended.map(({ gain }) => gain),
    quantities.ratio,
  );
  if (worst === null) return ['no undefended stolen gain was measured to compare with'];
  // Without an interval the criteria say so themselves.
  if (worst.low === null || worst.low >= minUndefendedGain) return [];
  return [
    `the attacks are too weak to clear anything: undefended they take ${withInterval(worst)}, the lower end must reach ${percent(minUndefendedGain)}`,
  ];
}

function honestGaps(evidence: Evidence, label: string, chain: readonly MethodSpec[]): readonly string[] {
  if (chain.length === 0) return [];
  const groups = evidence.groups.honest.filter(({ defense }) => defense === label);
  if (groups.length > 0 && groups.every(({ state }) => state === 'done')) return [];
  return ['what it costs honest users was not measured on every seed'];
}
