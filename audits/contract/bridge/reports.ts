import type { Comparison } from '../../report/compare/compare-results.ts';
import type { Policy } from '../audit.ts';
import type { ReportProfile } from '../report.ts';
import type { Method, Nothing } from './method.ts';

/** Reports as files, comparisons, the gate, and findings somebody accepted. */
export interface ReportMethods {
  'reports.formats': Method<
    Nothing,
    readonly {
      readonly id: string;
      readonly title: string;
      /** Where it is saved as one file: a format of several becomes a ZIP. */
      readonly fileName: string;
    }[]
  >;
  /**
   * Writes files into a folder of the machine the engine runs on. A browser on another one fetches
   * `GET /api/reports/ID/FORMAT?profile=PROFILE` with the token instead, one file each, signed by nobody.
   */
  'reports.export': Method<
    {
      readonly id: string;
      readonly formats: readonly string[];
      readonly folder: string;
      readonly profile?: ReportProfile | undefined;
      readonly sign?: boolean | undefined;
    },
    { readonly files: readonly ExportedFile[] }
  >;
  /** One format as one file of the machine the engine runs on, named by a dialog that has asked what to replace. */
  'reports.save': Method<
    {
      readonly id: string;
      readonly format: string;
      readonly file: string;
      readonly profile?: ReportProfile | undefined;
    },
    ExportedFile
  >;
  /** One format as a file's bytes, for a browser that saves it where it runs. */
  'reports.render': Method<
    { readonly id: string; readonly format: string; readonly profile?: ReportProfile },
    { readonly name: string; readonly mediaType: string; readonly base64: string }
  >;
  'reports.verify': Method<
    { readonly path: string },
    { readonly ok: boolean; readonly lines: readonly string[] }
  >;
  'audits.compare': Method<{ readonly from: ComparedRequest; readonly to: ComparedRequest }, Comparison>;
  /** The gate: does a stored audit hold under a policy. */
  'audits.assert': Method<
    { readonly id: string; readonly policy: Policy; readonly baseline?: string | undefined },
    {
      readonly verdict: string;
      readonly sentence: string;
      readonly exitCode: number;
      /** Everything that speaks against a pass. */
      readonly reasons: readonly string[];
    }
  >;
  'findings.accepted': Method<Nothing, readonly AcceptedFinding[]>;
  'findings.accept': Method<AcceptedFinding, readonly AcceptedFinding[]>;
  'findings.revoke': Method<{ readonly finding: string }, readonly AcceptedFinding[]>;
}

export interface ExportedFile {
  readonly format: string;
  readonly path: string;
  readonly sizeBytes: number;
}

export interface ComparedRequest {
  readonly id: string;
  /** One defense configuration of the audit; absent: the whole audit. */
  readonly defense?: string | undefined;
}

export interface AcceptedFinding {
  readonly finding: string;
  readonly reason: string;
  /** Last day on which it holds, `YYYY-MM-DD` in UTC. */
  readonly expires: string;
  readonly by?: string | undefined;
}
