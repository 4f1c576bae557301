import type { Method, Nothing } from './bridge/method.ts';
import type { AuditMethods } from './bridge/audits.ts';
import type { HistoryMethods } from './bridge/history.ts';
import type { NewAuditMethods } from './bridge/new-audit.ts';
import type { FileMethods } from './bridge/files.ts';
import type { ReportMethods } from './bridge/reports.ts';
import type { SettingsMethods } from './bridge/settings.ts';
import type { MachineMethods } from './bridge/machine.ts';

/**
 * What a window may ask of the engine, and what it is told: one table, two hosts (Electron's IPC, loopback HTTP). Everything
 * here is plain data that survives cloning and JSON. Requests are parsed by a schema at the engine's end
 * (`audits/serve/methods/`): whoever asks is not trusted. An error is a `SerializedError`.
 */
export interface BridgeMethods
  extends
    AuditMethods,
    HistoryMethods,
    NewAuditMethods,
    FileMethods,
    ReportMethods,
    SettingsMethods,
    MachineMethods {
  /** Name of the product's version, the database, what this host can do. First call of every window. */
  'app.hello': Method<Nothing, Hello>;
}

export type BridgeMethod = keyof BridgeMethods;
export type BridgeRequest<Name extends BridgeMethod> = BridgeMethods[Name]['request'];
export type BridgeReply<Name extends BridgeMethod> = BridgeMethods[Name]['reply'];

export interface Hello {
  readonly moatVersion: string;
  readonly database: string;
  readonly engineLife: string;
  readonly host: 'electron' | 'http';
  /** Another process writes to the database: audits can be looked at, none can be started. */
  readonly readOnlyBecause: string | null;
}

export type { BridgeEvent } from './bridge/event.ts';
export type { AuditEntry, CellEntry, AuditSnapshot, StoredReport, CellSheet } from './bridge/audits.ts';
export type { DiskUsage } from './bridge/history.ts';
export type { MethodCatalogue, MethodCard, AuditSettings, AuditEstimate } from './bridge/new-audit.ts';
export type { EncoderSheet, TensorShape, DataSheet, FolderListing } from './bridge/files.ts';
export type { ExportedFile, ComparedRequest, AcceptedFinding } from './bridge/reports.ts';
export type { AppSettings } from './bridge/settings.ts';
export type {
  EngineEntry,
  EngineInstallation,
  BenchmarkLine,
  HealthCheck,
  MachineGauge,
} from './bridge/machine.ts';
