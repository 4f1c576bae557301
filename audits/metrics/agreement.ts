import { itemwise, matches, type ComparedView, type Metric } from './metric.ts';

/** Share of score rows on which the probes of surrogate and victim predict the same class. */
export const agreement: Metric<ComparedView> = {
  meta: {
    id: 'agreement',
    version: 1,
    title: 'Agreement',
    summary: "Share of equal predictions of the surrogate's and the victim's linear probe.",
    unit: 'fraction',
    higherIs: 'more stolen',
    reference: {
      authors: 'Sha, He, Yu, Backes, Zhang',
      title: "Can't Steal? Cont-Steal! Contrastive Stealing Attacks Against Image Encoders",
      venue: 'CVPR',
      year: 2023,
      url: 'https://arxiv.org/abs/2201.07513',
    },
  },
  async measure(view) {
    return itemwise(matches((await view.probe()).predictions, await view.reference.predictions()));
  },
};
