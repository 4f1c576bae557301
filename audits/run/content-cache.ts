import { matrix, selectImages, type Images, type Matrix } from '../contract/data.ts';

/**
 * An embedding function that looks answers up by the images' pixel hashes and computes only what it has not seen:
 * the victim is asked once per image, whatever the number of cells.
 * @param known sets whose embeddings exist, all of one dimension
 * @param compute called with the images not found, in order
 */
export function cachedByContent(
  known: readonly { readonly hashes: readonly string[]; readonly embeddings: Matrix }[],
  compute: (images: Images) => Promise<Matrix>,
): (images: Images) => Promise<Matrix> {
  const rows = new Map<string, Float32Array>();
  for (const { hashes, embeddings } of known)
    hashes.forEach((hash, i) =>
      rows.set(hash, embeddings.data.subarray(i * embeddings.columns, (i + 1) * embeddings.columns)),
    );
  return async (images) => {
    const missing = [...images.hashes.keys()].filter((i) => !rows.has(images.hashes[i] ?? ''));
    if (missing.length > 0) {
      const fresh = await compute(selectImages(images, missing));
      missing.forEach((index, i) =>
        rows.set(images.hashes[index] ?? '', fresh.data.subarray(i * fresh.columns, (i + 1) * fresh.columns)),
      );
    }
    const found = images.hashes.map((hash) => rows.get(hash) ?? new Float32Array());
    const columns = found[0]?.length ?? 0;
    const data = new Float32Array(found.length * columns);
    found.forEach((row, i) => data.set(row, i * columns));
    return matrix(data, found.length, columns);
  };
}
