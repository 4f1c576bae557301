import { sliceImages, type Images } from '../contract/data.ts';
import { trainSimclr, type SimclrRequest } from './simclr.ts';

/** Images for the attacker's own training: as many as the largest budget of the default policy would pay for. */
export const OWN_SSL_IMAGES = 5000;
/** SimCLR's best temperature on CIFAR-10 with small batches (Chen et al. 2020, B.9). */
const TEMPERATURE = 0.5;
/** Adam's usual rate for the small surrogates; the paper's 3e-4 is for its ResNets. */
const LEARNING_RATE = 1e-3;

/**
 * What an attacker makes of their pool without a single query: SimCLR with the architecture, epochs and batches that an
 * extraction gets. The no-victim control `own-ssl` is this network; a surrogate that begins with its own SSL begins here.
 * @param request.images the pool in the seed's order; the first of them are trained on
 * @throws MoatError as `trainSimclr`
 */
export async function trainOwnSsl(
  request: Omit<SimclrRequest, 'temperature' | 'learningRate'>,
): ReturnType<typeof trainSimclr> {
  const images: Images = sliceImages(request.images, 0, Math.min(request.images.count, OWN_SSL_IMAGES));
  return trainSimclr({ ...request, images, temperature: TEMPERATURE, learningRate: LEARNING_RATE });
}
