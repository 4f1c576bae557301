import path from 'node:path';
import { z } from 'zod';
import { examineMachine } from '../../doctor/examine-machine.ts';
import { defineBridgeMethod } from '../method.ts';

export const machineDoctor = defineBridgeMethod({
  name: 'machine.doctor',
  request: z.strictObject({}),
  run: (_request, { store, clock }) => examineMachine(path.dirname(store.path), clock),
});
