import type { AuditResult } from '../../contract/result.ts';

/** For whom a report is written: what it shows first and how far it goes; never other numbers. */
export const reportProfiles = ['executive', 'engineer', 'regulator'] as const;
export type ReportProfile = (typeof reportProfiles)[number];

/** What a format gets beside the result. */
export interface ReportContext {
  readonly profile: ReportProfile;
  /** When the report is written, ISO 8601 in UTC: the only thing that may differ between two reports of one result. */
  readonly writtenAt: string;
  /** Version of the Moat that writes it; the result names the one that measured. */
  readonly moatVersion: string;
  /** An earlier audit that the pages say what changed since. */
  readonly baseline?: AuditResult | undefined;
  /** Prints a self-contained page as a PDF; absent: with a browser of this machine. */
  readonly printPage?: ((html: string) => Promise<Uint8Array>) | undefined;
  /** One line for people while something takes its time; absent where nobody reads. */
  readonly say?: ((line: string) => void) | undefined;
}

/** One way to write a result down: pure but for what its own context says. */
export interface ReportFormat {
  /** As on the command line: `--format csv`. */
  readonly id: string;
  /** One sentence for people who choose. */
  readonly title: string;
  /** Of the file, without the dot. */
  readonly extension: string;
  /** Where others expect another name than `report`, that name, without the extension. */
  readonly stem?: string | undefined;
  /** Asks for more than every machine has: written only where it is named. */
  readonly isOnRequest?: boolean | undefined;
  render(result: AuditResult, context: ReportContext): Promise<Uint8Array | string>;
}

/** A way to write a result down that takes a folder of files. */
export interface FolderFormat {
  readonly id: string;
  readonly title: string;
  /** Within the report's folder. */
  readonly folder: string;
  readonly isOnRequest?: boolean | undefined;
  renderFiles(
    result: AuditResult,
    context: ReportContext,
  ): Promise<readonly { readonly name: string; readonly content: Uint8Array | string }[]>;
}

/** Name of the file that a format writes. */
export function fileNameOf({ stem, extension }: Pick<ReportFormat, 'stem' | 'extension'>): string {
  return `${stem ?? 'report'}.${extension}`;
}
