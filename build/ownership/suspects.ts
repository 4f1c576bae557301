import { matrix, type Matrix } from '../../audits/contract/data.ts';
import type { Engine } from '../../audits/contract/engine.ts';
import {
  obfuscationIds,
  type DisturbedEmbeddings,
  type EncoderObservations,
  type ObfuscationId,
  type SideObservations,
} from '../../audits/contract/ownership.ts';
import { createObfuscation, type Obfuscation } from '../../audits/ownership/obfuscations.ts';
import { createRng } from '../../audits/rng.ts';

/** What becomes of one look at an encoder: disguises of it, and looks at fewer images. */

/** The encoder as if its owner changed every vector, once for each way of doing so. */
export async function disguised(
  engine: Engine,
  observed: EncoderObservations,
): Promise<readonly { readonly how: ObfuscationId; readonly observed: EncoderObservations }[]> {
  const dimension = observed.compared.columns;
  const made: { readonly how: ObfuscationId; readonly observed: EncoderObservations }[] = [];
  for (const how of obfuscationIds) {
    const map = await createObfuscation(engine, how, dimension, createRng('disguise'));
    made.push({
      how,
      observed: {
        ...observed,
        name: `${observed.name}, ${how}`,
        compared: await map(observed.compared),
        private: await mapSide(observed.private, map),
        public: await mapSide(observed.public, map),
      },
    });
  }
  return made;
}

async function mapSide(
  side: SideObservations | undefined,
  map: Obfuscation,
): Promise<SideObservations | undefined> {
  if (side === undefined) return undefined;
  const copies = async (of: DisturbedEmbeddings | undefined): Promise<DisturbedEmbeddings | undefined> =>
    of === undefined ? undefined : { ...of, embeddings: await map(of.embeddings) };
  return {
    embeddings: await map(side.embeddings),
    noisy: await copies(side.noisy),
    nearby: await copies(side.nearby),
  };
}

/** The same encoder on the first `count` images of each side. Enough for tests that compare embeddings of images alone. */
export function onFewer(observed: EncoderObservations, count: number): EncoderObservations {
  const side = (of: SideObservations | undefined): SideObservations | undefined =>
    of === undefined ? undefined : { embeddings: firstRows(of.embeddings, count) };
  return {
    name: observed.name,
    compared: firstRows(observed.compared, count),
    private: side(observed.private),
    public: side(observed.public),
    trainedOn: observed.trainedOn,
  };
}

function firstRows({ data, rows, columns }: Matrix, count: number): Matrix {
  const kept = Math.min(rows, count);
  return matrix(data.subarray(0, kept * columns), kept, columns);
}
