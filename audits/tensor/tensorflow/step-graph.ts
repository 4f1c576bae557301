import type { StepDefinition } from '../../contract/engine.ts';
import type { Binding } from './binding.ts';
import { shapeAttribute, type Attribute, type Node } from './graph-def.ts';

/** A recorded step with its state in variables; the functions name where to feed and what to fetch. */
export interface StepGraph {
  readonly nodes: readonly Node[];
  readonly input: (name: string) => string;
  readonly writeInput: (stateName: string) => string;
  /** Fetched to write a state entry that was fed. */
  readonly written: (stateName: string) => string;
  readonly read: (stateName: string) => string;
  /** Fetched to run the step: every state entry has moved on when it is there. */
  readonly done: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Where a recording finds what it is given. */
export interface StepPorts {
  readonly state: (name: string) => string;
  readonly input: (name: string) => string;
}

type Border = Pick<StepDefinition<unknown>, 'state' | 'inputs'>;

/** Names are numbers: TensorFlow allows fewer characters in them than a step does. */
export function stepPorts(definition: Border): StepPorts {
  const states = numbered(Object.keys(definition.state));
  const inputs = numbered(Object.keys(definition.inputs));
  return { state: (name) => `read${states(name)}:0`, input: (name) => `in${inputs(name)}:0` };
}

/**
 * @param recorded nodes of the step's own computation
 * @param next endpoints of the state entries that the step changes
 * @param outputs endpoints of the step's outputs
 */
export function stepGraph(
  binding: Binding,
  definition: Border,
  recorded: readonly Node[],
  next: Readonly<Record<string, string>>,
  outputs: Readonly<Record<string, string>>,
): StepGraph {
  const ports = stepPorts(definition);
  const states = numbered(Object.keys(definition.state));
  const float: Attribute = { type: binding.TF_FLOAT };
  const nodes: Node[] = [];
  const add = (name: string, op: string, input: readonly string[], attr: Node['attr']): void => {
    nodes.push({ name, op, input, attr });
  };
  const placeholder = (name: string, dtype: Attribute, shape: readonly number[]): void =>
    add(name, 'Placeholder', [], { dtype, shape: { shape: shapeAttribute(shape) } });

  for (const [name, { shape, dtype }] of Object.entries(definition.inputs))
    placeholder(node(ports.input(name)), dtype === 'int32' ? { type: binding.TF_INT32 } : float, shape);
  for (const [name, { shape }] of Object.entries(definition.state)) {
    const i = states(name);
    const handle = { dtype: float, shape: { shape: shapeAttribute(shape) }, shared_name: text(`state${i}`) };
    add(`state${i}`, 'VarHandleOp', [], handle);
    add(`read${i}`, 'ReadVariableOp', [`state${i}:0`], { dtype: float });
    placeholder(`given${i}`, float, shape);
    add(`write${i}`, 'AssignVariableOp', [`state${i}:0`, `given${i}:0`], { dtype: float });
    add(`written${i}`, 'Identity', [`given${i}:0`, `^write${i}`], { T: float });
  }
  nodes.push(...recorded);
  for (const [name, endpoint] of Object.entries(next)) {
    const i = states(name);
    // After the read: the step computes with the state as it was.
    add(`move${i}`, 'AssignVariableOp', [`state${i}:0`, endpoint, `^read${i}`], { dtype: float });
  }
  const moves = Object.keys(next).map((name) => `^move${states(name)}`);
  const zero = {
    dtype: binding.TF_INT32,
    tensorShape: shapeAttribute([]),
    tensorContent: new Uint8Array(4),
  };
  add('done', 'Const', moves, { dtype: { type: binding.TF_INT32 }, value: { tensor: zero } });
  return {
    nodes,
    input: ports.input,
    writeInput: (name) => `given${states(name)}:0`,
    written: (name) => `written${states(name)}:0`,
    read: ports.state,
    done: 'done:0',
    outputs,
  };
}

function numbered(names: readonly string[]): (name: string) => number {
  const positions = new Map(names.map((name, i) => [name, i]));
  return (name) => {
    const position = positions.get(name);
    if (position === undefined) throw new RangeError(`"${name}" is not part of the step`);
    return position;
  };
}

function node(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':'));
}

function text(value: string): Attribute {
  return { s: new TextEncoder().encode(value) };
}
