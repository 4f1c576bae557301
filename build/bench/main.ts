/**
 * `npm run bench -- --profile NETWORK [--batch 32] [--threads 2] [--steps 5] [--top 20] [--keep FILE]`:
 * the operators and nodes in which a compiled training step spends its time.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { profileStep, renderProfile } from './profile.ts';

const { values } = parseArgs({
  options: {
    profile: { type: 'string', default: 'resnet18' },
    batch: { type: 'string', default: '32' },
    threads: { type: 'string', default: String(availableParallelism()) },
    steps: { type: 'string', default: '5' },
    top: { type: 'string', default: '20' },
    keep: { type: 'string' },
  },
});
const summary = await profileStep({
  network: values.profile,
  batchSize: Number(values.batch),
  threads: Number(values.threads),
  steps: Number(values.steps),
  keep: values.keep,
});
console.log(renderProfile(summary, Number(values.top)));
