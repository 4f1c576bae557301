import type { BridgeMethodEntry } from './method.ts';
import { appHello } from './methods/app-hello.ts';
import { auditsAnnotate } from './methods/audits-annotate.ts';
import { auditsAssert } from './methods/audits-assert.ts';
import { auditsCell } from './methods/audits-cell.ts';
import { auditsCompare } from './methods/audits-compare.ts';
import { auditsDelete } from './methods/audits-delete.ts';
import { auditsEstimate } from './methods/audits-estimate.ts';
import { auditsList } from './methods/audits-list.ts';
import { auditsRestore } from './methods/audits-restore.ts';
import { auditsResult } from './methods/audits-result.ts';
import { auditsResume } from './methods/audits-resume.ts';
import { auditsSnapshot } from './methods/audits-snapshot.ts';
import { auditsStart } from './methods/audits-start.ts';
import { auditsStop } from './methods/audits-stop.ts';
import { dataLook } from './methods/data-look.ts';
import { encoderInspect } from './methods/encoder-inspect.ts';
import { enginesCancel } from './methods/engines-cancel.ts';
import { enginesInstall } from './methods/engines-install.ts';
import { enginesList } from './methods/engines-list.ts';
import { enginesRemove } from './methods/engines-remove.ts';
import { filesBrowse } from './methods/files-browse.ts';
import { findingsAccept } from './methods/findings-accept.ts';
import { findingsAccepted } from './methods/findings-accepted.ts';
import { findingsRevoke } from './methods/findings-revoke.ts';
import { historyPurge } from './methods/history-purge.ts';
import { historyUsage } from './methods/history-usage.ts';
import { machineBenchmark } from './methods/machine-benchmark.ts';
import { machineDoctor } from './methods/machine-doctor.ts';
import { machineGauge } from './methods/machine-gauge.ts';
import { methodsList } from './methods/methods-list.ts';
import { reportsRender } from './methods/reports-render.ts';
import { reportsExport } from './methods/reports-export.ts';
import { reportsFormats } from './methods/reports-formats.ts';
import { reportsSave } from './methods/reports-save.ts';
import { reportsVerify } from './methods/reports-verify.ts';
import { draftGet } from './methods/draft-get.ts';
import { draftSet } from './methods/draft-set.ts';
import { settingsGet } from './methods/settings-get.ts';
import { settingsSet } from './methods/settings-set.ts';

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
  auditsAnnotate,
  auditsDelete,
  auditsRestore,
  historyUsage,
  historyPurge,
  encoderInspect,
  dataLook,
  methodsList,
  reportsFormats,
  reportsSave,
  reportsExport,
  reportsVerify,
  auditsCompare,
  auditsAssert,
  findingsAccepted,
  findingsAccept,
  findingsRevoke,
  draftGet,
  draftSet,
  settingsGet,
  settingsSet,
  enginesList,
  enginesInstall,
  enginesCancel,
  enginesRemove,
  machineBenchmark,
  machineDoctor,
  machineGauge,
  filesBrowse,
  reportsRender,
]);
