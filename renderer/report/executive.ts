import type { AuditResult, TheftCost } from '../../audits/contract/result.ts';
import type { ReportFacts } from './facts.ts';
import {
  listed,
  plural,
  spellCount,
  spellDollars,
  spellEstimate,
  spellPercent,
  spellQueries,
} from '../text/numbers.ts';

/** Page one: four questions, each with an answer of a few words and what it rests on. */
export interface Answer {
  readonly question: string;
  readonly short: string;
  readonly sentences: readonly string[];
}

/** The level of stolen gain that page one speaks of: nine tenths of what the victim is ahead by. */
export const HEADLINE_LEVEL = 0.9;

export function executiveAnswers(facts: ReportFacts): readonly Answer[] {
  return [canItBeStolen(facts), howCheaply(facts), whichDefense(facts), howSure(facts)];
}

function canItBeStolen({ undefended }: ReportFacts): Answer {
  const question = 'Can it be stolen?';
  const gain = undefended?.worstStolenGain ?? null;
  if (gain === null)
    return {
      question,
      short: 'Not measured',
      sentences: ['No attack on the undefended service has a result, so this audit cannot say.'],
    };
  const attack = undefended?.strongestAttack ?? 'the strongest attack';
  const sentence = `With no defense, the strongest attack played (${attack}) trains a copy with ${spellEstimate(gain, 'percent')} of the encoder’s advantage: its lead in accuracy over what anyone has without asking it (${plural(gain.seeds, 'repeat')}${gain.low === null ? '' : ', 95 % interval'}).`;
  if (gain.low === null)
    return {
      question,
      short: `Perhaps: ${spellPercent(gain.value)} so far, without an interval`,
      sentences: [sentence],
    };
  return gain.low > 0
    ? {
        question,
        short: `Yes: a copy gets ${spellPercent(gain.value)} of its advantage`,
        sentences: [sentence],
      }
    : {
        question,
        short: 'Not shown',
        sentences: [sentence, 'The interval reaches zero: nothing shows that these attacks steal anything.'],
      };
}

function howCheaply(facts: ReportFacts): Answer {
  const question = 'How cheaply?';
  const cost = costOf(facts.result, 'none');
  if (cost === undefined)
    return { question, short: 'Not measured', sentences: ['No undefended theft was measured.'] };
  const { recommended, result } = facts;
  const gain = facts.undefended?.worstStolenGain ?? null;
  const through = recommended === undefined ? undefined : costOf(facts.result, recommended.defense);
  const reached = cost.queries.relation !== 'more-than';
  return {
    question,
    short: reached
      ? `${capital(spellQueries(cost.queries))} queries, ${spellDollars(cost.dollars)}`
      : `More than ${spellCount(cost.queries.queries)} queries, ${spellDollars(cost.dollars)} and up`,
    sentences: [
      reached
        ? `The price of a copy with ${spellPercent(HEADLINE_LEVEL)} of the encoder’s advantage, by ${cost.attack} with no defense: queries, accounts and computing together.`
        : `${gain === null ? '' : `A copy with ${spellPercent(gain.value)} took ${spellCount(facts.input.judgedBudget)} queries: ${spellDollars(facts.input.judgedBudget * result.config.pricePerQuery)} at your price. `}No attack reached ${spellPercent(HEADLINE_LEVEL)} of the encoder’s advantage with no defense, with as many queries as were tried; it costs more than the sum above, accounts and computing included.`,
      ...(recommended === undefined || through === undefined
        ? []
        : [
            `With ${recommended.defense} switched on: ${spellQueries(through.queries)} queries, ${spellDollars(through.dollars)}${through.queries.relation === 'more-than' ? ' and up' : ''}.`,
          ]),
    ],
  };
}

function whichDefense({ result, recommended }: ReportFacts): Answer {
  const question = 'Which defense do I ship?';
  if (recommended === undefined)
    return { question, short: 'None yet', sentences: [result.recommendation.sentence] };
  return {
    question,
    short: recommended.defense,
    sentences: [
      result.recommendation.sentence,
      `The best copy made through it has ${spellEstimate(recommended.worstStolenGain, 'percent')} of the encoder’s advantage.`,
    ],
  };
}

/** From what weakens the numbers, worst first. The words are those of a finding's confidence. */
function howSure(facts: ReportFacts): Answer {
  const { result, flags } = facts;
  const question = 'How sure are you?';
  const invalid = flags.filter(({ severity }) => severity === 'invalidates');
  const weak = flags.filter(({ severity }) => severity === 'weakens');
  const missing = result.verdicts.filter(({ missingAttacks }) => missingAttacks.length > 0);
  const counted = result.matrix.filter(({ state }) => state !== 'not-applicable');
  const broken = counted.filter(({ state, stolenGain }) => state !== 'done' && stolenGain === null);
  const reasons = [
    ...(result.state === 'completed' ? [] : [`The audit is ${result.state}.`]),
    ...(result.config.preset.canPass
      ? []
      : [
          `This was a first look (preset ${result.config.preset.id}): it can show that a defense fails, never that one holds.`,
        ]),
    ...(invalid.length > 0
      ? [
          `${plural(invalid.length, 'warning')} make${invalid.length === 1 ? 's' : ''} numbers invalid (chapter 10).`,
        ]
      : []),
    ...(missing.length > 0
      ? [
          `${plural(missing.length, 'defense')} did not face every attack that was made for ${missing.length === 1 ? 'it' : 'them'}.`,
        ]
      : []),
    ...(broken.length > 0
      ? [
          `${spellCount(broken.length)} of ${plural(counted.length, 'planned comparison')} ${broken.length === 1 ? 'has' : 'have'} no result.`,
        ]
      : []),
    ...(weak.length > 0
      ? [`${plural(weak.length, 'warning')} weaken${weak.length === 1 ? 's' : ''} numbers (chapter 10).`]
      : []),
  ];
  const isTentative =
    result.state !== 'completed' || !result.config.preset.canPass || invalid.length > 0 || missing.length > 0;
  const short = isTentative
    ? 'Tentative: a first look'
    : broken.length > 0 || weak.length > 0
      ? 'Firm, with reservations'
      : 'Certain at 95 %, for what ran';
  const [begun, played] = broken.length > 0 ? ['Planned', ''] : ['Played', ' played'];
  const repeats = `each${played} ${result.config.seeds === 1 ? 'once' : `${spellCount(result.config.seeds)} times`}`;
  const attacks = new Set(result.matrix.map(({ attack }) => attack)).size;
  return {
    question,
    short,
    sentences: [
      `${begun}: ${plural(attacks, 'attack')} and controls against ${plural(facts.defenses.length, 'defense setting')}, ${repeats}. A pass means these attacks failed at this budget, no more.`,
      ...(reasons.length === 0 ? [] : [reasons.join(' ')]),
    ],
  };
}

export function costOf(
  { theft }: Pick<AuditResult, 'theft'>,
  defense: string,
  level = HEADLINE_LEVEL,
): TheftCost | undefined {
  return theft.costs.find((cost) => cost.defense === defense && Math.abs(cost.level - level) < 1e-9);
}

/** One sentence of the policy, as people would say it. */
export function policySentence({ policy }: AuditResult['config']): string {
  const demands = [
    `at least ${spellPercent(policy.minProtection)} protection`,
    ...(policy.maxStolenGain === null ? [] : [`at most ${spellPercent(policy.maxStolenGain)} stolen gain`]),
    `honest users losing at most ${spellPoints(policy.maxHonestLoss)} of accuracy`,
    `recall@10 of at least ${spellPercent(policy.minRecallAt10)}`,
  ];
  return `${listed(demands)}, against ${spellCount(policy.budget)} queries over ${listed(policy.accounts.map(String))} accounts`;
}

/** `1 point`, `0.5 points`. */
function spellPoints(fraction: number): string {
  const points = Number((fraction * 100).toFixed(2));
  return `${points} ${points === 1 ? 'point' : 'points'}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
