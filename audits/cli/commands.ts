import { registerAssert } from './assert.ts';
import { registerAttacks } from './attacks.ts';
import { registerAudit } from './audit.ts';
import { registerBench } from './bench.ts';
import { registerCancel } from './cancel.ts';
import { registerCompare } from './compare.ts';
import { registerDefenses } from './defenses.ts';
import { registerDemo } from './demo.ts';
import { registerDoctor } from './doctor.ts';
import { registerEngine } from './engine.ts';
import { registerInspect } from './inspect-command.ts';
import { registerList } from './list.ts';
import { registerOwn } from './own.ts';
import type { Registration } from './program.ts';
import { registerReport } from './report.ts';
import { registerReproduce } from './reproduce.ts';
import { registerResume } from './resume.ts';
import { registerServe } from './serve.ts';
import { registerShow } from './show.ts';
import { registerTrain } from './train.ts';
import { registerVerify } from './verify.ts';
import { registerZoo } from './zoo.ts';

/** Every command, in the order in which the help shows them. */
export const commands: readonly Registration[] = Object.freeze([
  registerAudit,
  registerDemo,
  registerServe,
  registerInspect,
  registerResume,
  registerCancel,
  registerList,
  registerShow,
  registerReport,
  registerCompare,
  registerAssert,
  registerVerify,
  registerAttacks,
  registerDefenses,
  registerTrain,
  registerZoo,
  registerOwn,
  registerReproduce,
  registerEngine,
  registerDoctor,
  registerBench,
]);
