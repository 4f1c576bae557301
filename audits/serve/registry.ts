import type { BridgeMethodEntry } from './method.ts';
import { appHello } from './methods/app-hello.ts';
import { auditsCell } from './methods/audits-cell.ts';
import { auditsEstimate } from './methods/audits-estimate.ts';
import { auditsList } from './methods/audits-list.ts';
import { auditsResult } from './methods/audits-result.ts';
import { auditsResume } from './methods/audits-resume.ts';
import { auditsSnapshot } from './methods/audits-snapshot.ts';
import { auditsStart } from './methods/audits-start.ts';
import { auditsStop } from './methods/audits-stop.ts';
import { dataLook } from './methods/data-look.ts';
import { encoderInspect } from './methods/encoder-inspect.ts';
import { filesBrowse } from './methods/files-browse.ts';
import { methodsList } from './methods/methods-list.ts';
import { reportsRender } from './methods/reports-render.ts';

/** Every method that a window may call. */
export const bridgeMethods: readonly BridgeMethodEntry[] = Object.freeze([
  appHello,
  auditsList,
  auditsSnapshot,
  auditsResult,
  auditsCell,
  auditsEstimate,
  auditsStart,
  auditsResume,
  auditsStop,
  encoderInspect,
  dataLook,
  methodsList,
  filesBrowse,
  reportsRender,
]);
