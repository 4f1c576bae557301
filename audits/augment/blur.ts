/**
 * Gaussian blur of an RGB image with reflected borders (the edge pixel itself is not repeated).
 * @param pixels `[size, size, 3]`
 * @param kernelSize odd, in pixels.
 * @param sigma in pixels.
 * @returns a new `[size, size, 3]`.
 */
export function gaussianBlur(
  pixels: Float32Array,
  size: number,
  kernelSize: number,
  sigma: number,
): Float32Array {
  const kernel = gaussianKernel(kernelSize, sigma);
  return blurAxis(blurAxis(pixels, size, kernel, 'x'), size, kernel, 'y');
}

function blurAxis(
  pixels: Float32Array,
  size: number,
  kernel: readonly number[],
  axis: 'x' | 'y',
): Float32Array {
  const reach = (kernel.length - 1) / 2;
  const result = new Float32Array(pixels.length);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let k = 0; k < kernel.length; k++) {
          const row = axis === 'y' ? reflect(y + k - reach, size) : y;
          const column = axis === 'x' ? reflect(x + k - reach, size) : x;
          sum += (kernel[k] ?? 0) * (pixels[(row * size + column) * 3 + channel] ?? 0);
        }
        result[(y * size + x) * 3 + channel] = sum;
      }
  return result;
}

function gaussianKernel(kernelSize: number, sigma: number): readonly number[] {
  const reach = (kernelSize - 1) / 2;
  const values = Array.from({ length: kernelSize }, (_, k) =>
    Math.exp(-((k - reach) ** 2) / (2 * sigma ** 2)),
  );
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
}

function reflect(position: number, size: number): number {
  if (position < 0) return Math.min(-position, size - 1);
  return position < size ? position : Math.max(2 * size - 2 - position, 0);
}
