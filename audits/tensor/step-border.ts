import type { HostTensor, StepDefinition } from '../contract/engine.ts';

/** Checks at the border between host arrays and a step; a mismatch is a bug of the caller. */

type Border = Pick<StepDefinition<unknown>, 'name' | 'state' | 'inputs'>;

/** @throws RangeError when an input is missing, unknown, or of another shape or type than declared */
export function checkInputs(definition: Border, inputs: Readonly<Record<string, HostTensor>>): void {
  for (const name of Object.keys(inputs))
    if (!Object.hasOwn(definition.inputs, name))
      throw new RangeError(`step ${definition.name} has no input "${name}"`);
  for (const [name, { shape, dtype }] of Object.entries(definition.inputs)) {
    const given = inputs[name];
    if (given === undefined) throw new RangeError(`step ${definition.name} needs the input "${name}"`);
    checkShape(`input "${name}" of step ${definition.name}`, given, shape);
    if (given.data instanceof Int32Array !== (dtype === 'int32'))
      throw new RangeError(`input "${name}" of step ${definition.name} must be ${dtype}`);
  }
}

/** @throws RangeError when an entry is unknown or of another shape; entries may be missing */
export function checkState(definition: Border, state: Readonly<Record<string, HostTensor>>): void {
  for (const [name, given] of Object.entries(state)) {
    const known = definition.state[name];
    if (known === undefined) throw new RangeError(`step ${definition.name} has no state "${name}"`);
    checkShape(`state "${name}" of step ${definition.name}`, given, known.shape);
  }
}

function checkShape(what: string, given: HostTensor, shape: readonly number[]): void {
  const size = shape.reduce((product, each) => product * each, 1);
  if (given.shape.join() !== shape.join() || given.data.length !== size)
    throw new RangeError(`${what} is [${given.shape.join()}], declared [${shape.join()}]`);
}
