import type { AuditConfig } from '../contract/audit.ts';
import type { AuditEstimate } from '../contract/bridge.ts';
import type { EndpointSettings } from '../contract/endpoint.ts';
import type { MethodSpec } from '../contract/method.ts';
import { findAttack } from '../attacks/registry.ts';
import { spellAttack } from '../attacks/resolve.ts';
import { chainMustFace, spellChain } from '../defenses/chain.ts';
import { none } from '../defenses/none.ts';
import { findDefense } from '../defenses/registry.ts';
import { describeEndpoint } from '../endpoint/endpoint.ts';
import type { PlannedCell } from '../plan/cells.ts';
import { JUDGING_MS_PER_CELL } from '../plan/time-limit.ts';
import { planListed, type ListedVictim } from './plan-listed.ts';

type Dearest = NonNullable<AuditEstimate['dearest']>;

/**
 * What an audit would cost, without embedding an image.
 * @param describe what can be said of the encoder file without running it
 * @throws MoatError `dataset-*`, `encoder-*`
 */
export async function estimateAudit(
  config: AuditConfig,
  describe: (encoder: string) => Promise<ListedVictim>,
): Promise<AuditEstimate> {
  const { encoder, endpoint } = config;
  const victim =
    endpoint === undefined ? await describe(encoder) : describeEndpoint({ url: encoder, settings: endpoint });
  const { cells, summary, images } = await planListed(config, victim);
  const { cells: count, queries, estimatedMs, preparationMs, dollars, leftOut, notApplicable } = summary;
  return {
    cells: count,
    queries,
    estimatedMs,
    preparationMs,
    dollars,
    dearest: dearestOf(config, cells),
    notApplicable,
    leftOut,
    mandatory: mandatoryOf(config),
    service: endpoint === undefined ? null : askedOf(encoder, endpoint, images),
  };
}

/** What a deployed service would be asked for: what somebody has to agree to. */
function askedOf(
  address: string,
  { pricePerImage, maxSpend }: EndpointSettings,
  images: number,
): AuditEstimate['service'] {
  return { address, images, dollars: images * pricePerImage, pricePerImage, maxSpend };
}

/** Of what can be left out: `none`, the controls and what a defense must face would be played all the same. */
function dearestOf(config: AuditConfig, cells: readonly PlannedCell[]): AuditEstimate['dearest'] {
  const saved = new Map<string, Dearest>();
  const add = (kind: Dearest['kind'], label: string, { estimatedMs }: PlannedCell): void => {
    const key = `${kind} ${label}`;
    const before = saved.get(key);
    saved.set(key, {
      kind,
      label,
      savedMs: (before?.savedMs ?? 0) + estimatedMs / config.workers + JUDGING_MS_PER_CELL,
      savedCells: (before?.savedCells ?? 0) + 1,
    });
  };
  for (const cell of cells) {
    if (cell.state !== 'pending') continue;
    const { work, defenseLabel } = cell;
    if (defenseLabel !== null && defenseLabel !== none.meta.id) add('defense', defenseLabel, cell);
    if (work.kind === 'attack' && canBeDropped(work.attack, work.defense, config))
      add('attack', spellAttack(work.attack), cell);
  }
  return [...saved.values()].reduce<Dearest | null>(
    (dearest, each) => (dearest === null || each.savedMs > dearest.savedMs ? each : dearest),
    null,
  );
}

function canBeDropped(
  { id, config: settings }: MethodSpec,
  chain: readonly MethodSpec[],
  { attacks, attackExtent }: AuditConfig,
): boolean {
  if (findAttack(id)?.meta.control === true) return false;
  // A preset's list that lacks one is a list given by hand, and played in full: no less work.
  if (attackExtent === 'where-faced') return false;
  if (attackExtent === 'listed' || !chainMustFace(chain).includes(id)) return true;
  // Another configuration of the same attack would still be faced.
  return attacks.some((spec) => spec.id === id && JSON.stringify(spec.config) !== JSON.stringify(settings));
}

function mandatoryOf({ attacks, attackExtent, defenses }: AuditConfig): AuditEstimate['mandatory'] {
  if (attackExtent === 'listed') return [];
  return defenses.flatMap((chain) =>
    chainMustFace(chain).map((id) => ({
      attack: id,
      defense: spellChain(chain),
      reason: reasonFor(id, chain),
      isNamed: attacks.some((spec) => spec.id === id),
    })),
  );
}

function reasonFor(attack: string, chain: readonly MethodSpec[]): string {
  const attackTitle = findAttack(attack)?.meta.title ?? attack;
  if (chainMustFace([]).includes(attack))
    return `${attackTitle} is what every defense is compared with: without it nothing can be judged.`;
  const titles = chain
    .filter((spec) => chainMustFace([spec]).includes(attack))
    .map(({ id }) => findDefense(id)?.meta.title ?? id);
  return `${attackTitle} is made against ${titles.join(' and ')}: a defense that has not faced it cannot pass.`;
}
