import path from 'node:path';
import type { AuditEntry } from '../../audits/contract/bridge.ts';

const NAME_LENGTH = 60;

/** What a notification says of an audit that ended; null where the user ended it and knows. */
export function noticeOf(entry: AuditEntry): { readonly title: string; readonly body: string } | null {
  const encoder = nameOf(entry.encoder);
  if (entry.state === 'completed')
    return {
      title: 'The audit has ended',
      body:
        entry.verdict === null
          ? `${encoder}: see its report.`
          : `${encoder}: ${entry.verdict.replaceAll('-', ' ')}.`,
    };
  if (entry.state === 'failed')
    return { title: 'The audit could not go on', body: `${encoder}: open it to see why.` };
  return null;
}

/** A file without its folders. */
function nameOf(encoder: string): string {
  if (encoder === 'builtin:demo') return 'Built-in demo';
  const name = /^https?:/.test(encoder) ? encoder : path.win32.basename(encoder);
  return name.slice(0, NAME_LENGTH);
}

export interface NotificationParts {
  readonly Notification: typeof Electron.Notification;
  readonly isLookedAt: () => boolean;
  readonly open: (place: string) => void;
}

/** Tells the end of an audit to a user who looks elsewhere. */
export function createNotifier(parts: NotificationParts): (entry: AuditEntry) => void {
  return (entry) => {
    const notice = noticeOf(entry);
    if (notice === null || parts.isLookedAt() || !parts.Notification.isSupported()) return;
    const notification = new parts.Notification(notice);
    notification.once('click', () => parts.open(`#/report/${entry.id}`));
    notification.show();
  };
}
