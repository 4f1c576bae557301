import { describe, expect, test } from 'vitest';
import { matrix, type Matrix } from '../../contract/data.ts';
import { createRng } from '../../rng.ts';
import { fitLogisticRegression, predictClasses } from './logistic-regression.ts';
import { plainMultiplier } from './plain-multiplier.sample.ts';
import { fitPrincipalAxes, projectOnAxes } from './principal-axes.ts';

/** 60 rows, 4 columns, 3 classes from a formula, so that scikit-learn could be given the same. */
function formulaData(): { features: Matrix; labels: Int32Array } {
  const labels = Int32Array.from({ length: 60 }, (_, i) => (i * 7 + Math.floor(i / 5)) % 3);
  const data = Float32Array.from({ length: 240 }, (_, at) => {
    const i = Math.floor(at / 4);
    const j = at % 4;
    return Math.sin(1.3 * i + 2.1 * j + 0.7 * i * j) + 0.5 * Math.cos((labels[i] ?? 0) * 2 + j);
  });
  return { features: matrix(data, 60, 4), labels };
}

// scikit-learn 1.9.1: LogisticRegression(C=1/(60 * l2), tol=1e-12); intercepts centred, as only differences count.
const fromScikitLearn = [
  {
    l2: 0.1,
    weights: [
      [0.55538, 0.09756, -0.65295],
      [0.34909, -0.48847, 0.13937],
      [-0.04187, -0.32733, 0.36919],
      [-0.50119, 0.23233, 0.26886],
    ],
    bias: [0.20793, 0.2628, -0.47073],
    loss: 0.7947894213797136,
    accuracy: 0.7166666666666667,
  },
  {
    l2: 0.001,
    weights: [
      [1.33964, 0.44048, -1.78012],
      [0.55719, -0.79557, 0.23838],
      [-0.11777, -0.60745, 0.72522],
      [-0.89305, 0.34872, 0.54432],
    ],
    bias: [0.37599, 0.54145, -0.91744],
    loss: 0.6299715229502132,
    accuracy: 0.65,
  },
];

describe('multinomial logistic regression', () => {
  test.each(fromScikitLearn)('finds the optimum scikit-learn finds at l2 = $l2', async (expected) => {
    const { features, labels } = formulaData();
    const model = await fitLogisticRegression(plainMultiplier, features, labels, 3, { l2: expected.l2 });
    expect(model.converged).toBe(true);
    expect(model.loss).toBeCloseTo(expected.loss, 6);
    expected.weights.flat().forEach((weight, i) => expect(model.weights.data[i]).toBeCloseTo(weight, 2));
    const mean = model.bias.reduce((sum, value) => sum + value, 0) / 3;
    expected.bias.forEach((bias, i) => expect((model.bias[i] ?? 0) - mean).toBeCloseTo(bias, 2));
    const predicted = await predictClasses(plainMultiplier, model, features);
    const right = predicted.filter((label, i) => label === labels[i]).length;
    expect(right / labels.length).toBeCloseTo(expected.accuracy, 9);
  });

  test('a rotation of the features changes neither loss nor predictions', async () => {
    const { features, labels } = formulaData();
    const axes = await fitPrincipalAxes(plainMultiplier, features);
    const rotated = await projectOnAxes(plainMultiplier, axes, features);
    const plain = await fitLogisticRegression(plainMultiplier, features, labels, 3, { l2: 0.01 });
    const turned = await fitLogisticRegression(plainMultiplier, rotated, labels, 3, { l2: 0.01 });
    expect(turned.loss).toBeCloseTo(plain.loss, 6);
    expect(await predictClasses(plainMultiplier, turned, rotated)).toEqual(
      await predictClasses(plainMultiplier, plain, features),
    );
  });

  test('columns of very different scale still converge once turned onto their axes', async () => {
    const rng = createRng('scales');
    const labels = Int32Array.from({ length: 300 }, (_, i) => i % 3);
    const data = Float32Array.from(
      { length: 300 * 12 },
      (_, at) => (rng.normal() + ((at % 12) % 3 === Math.floor(at / 12) % 3 ? 1 : 0)) * Math.exp(-(at % 12)),
    );
    const features = matrix(data, 300, 12);
    const axes = await fitPrincipalAxes(plainMultiplier, features);
    const model = await fitLogisticRegression(
      plainMultiplier,
      await projectOnAxes(plainMultiplier, axes, features),
      labels,
      3,
      { l2: 1e-5 },
    );
    expect(model.converged).toBe(true);
    expect(model.iterations).toBeLessThan(80);
  });

  test('labels and rows must pair up', async () => {
    const { features } = formulaData();
    await expect(
      fitLogisticRegression(plainMultiplier, features, new Int32Array(3), 3, { l2: 1 }),
    ).rejects.toThrow('60 rows with 3 labels');
  });
});
