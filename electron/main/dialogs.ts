import { statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { MoatError } from '../../audits/contract/errors.ts';
import { channels } from './channels.ts';
import type { Handle } from './ipc.ts';

const title = z.string().max(200);
/** A name and an extension, no folder. */
const fileName = z
  .string()
  .max(200)
  .regex(/^[\w-][\w .-]*\.[a-z0-9]{1,16}$/i);
const extension = z.string().regex(/^[a-z0-9]{1,16}$/i);

/** Kinds of files that reports are made of: only these, and folders, are handed to the system's own programs. */
const openable: ReadonlySet<string> = new Set([
  '.pdf',
  '.html',
  '.json',
  '.csv',
  '.md',
  '.sarif',
  '.svg',
  '.png',
  '.zip',
]);

export interface DialogParts {
  readonly dialog: Pick<Electron.Dialog, 'showOpenDialog' | 'showSaveDialog'>;
  readonly shell: Pick<Electron.Shell, 'openPath'>;
  readonly windowOf: (contents: Electron.WebContents) => Electron.BrowserWindow | null;
}

/**
 * Native dialogs, so that a page learns of no path that the user did not choose.
 * Errors of what is offered: `dialog-failed`, `path-not-opened`.
 */
export function offerDialogs(handle: Handle, { dialog, shell, windowOf }: DialogParts): void {
  const ask = (contents: Electron.WebContents, options: Electron.OpenDialogOptions): Promise<string | null> =>
    shown(contents, async (window) => {
      const { canceled, filePaths } =
        window === null ? await dialog.showOpenDialog(options) : await dialog.showOpenDialog(window, options);
      return canceled ? null : (filePaths[0] ?? null);
    });

  async function shown(
    contents: Electron.WebContents,
    show: (window: Electron.BrowserWindow | null) => Promise<string | null>,
  ): Promise<string | null> {
    try {
      return await show(windowOf(contents));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MoatError('dialog-failed', `The system’s dialog could not be shown: ${reason}`, { cause });
    }
  }

  handle(channels.chooseFolder, z.strictObject({ title }), (request, contents) =>
    ask(contents, { title: request.title, properties: ['openDirectory'] }),
  );
  handle(channels.saveFile, z.strictObject({ title, name: fileName }), (request, contents) =>
    shown(contents, async (window) => {
      const options: Electron.SaveDialogOptions = {
        title: request.title,
        defaultPath: request.name,
        filters: [kindOf([path.extname(request.name).slice(1)])],
        properties: ['createDirectory', 'showOverwriteConfirmation'],
      };
      const { canceled, filePath } =
        window === null ? await dialog.showSaveDialog(options) : await dialog.showSaveDialog(window, options);
      return canceled ? null : filePath;
    }),
  );
  handle(
    channels.chooseFile,
    z.strictObject({ title, extensions: z.array(extension).max(20) }),
    (request, contents) =>
      ask(contents, {
        title: request.title,
        properties: ['openFile'],
        filters: request.extensions.length === 0 ? [] : [kindOf(request.extensions)],
      }),
  );
  handle(channels.openPath, z.strictObject({ path: z.string().max(4096) }), async (request) => {
    const reason = whyNotOpened(request.path);
    if (reason !== undefined) throw new MoatError('path-not-opened', reason);
    const problem = await shell.openPath(request.path);
    if (problem !== '')
      throw new MoatError('path-not-opened', `${request.path} could not be opened: ${problem}`);
  });
}

/** Named by what it lets through, for systems that show the name alone. */
function kindOf(extensions: string[]): Electron.FileFilter {
  return { name: extensions.map((each) => `*.${each}`).join(', '), extensions };
}

/** The system's own program for a file may be the file itself: a page must not start one. */
function whyNotOpened(file: string): string | undefined {
  const stats = path.isAbsolute(file) ? statSync(file, { throwIfNoEntry: false }) : undefined;
  if (stats === undefined) return `There is no file or folder ${file}.`;
  // On macOS a program is a folder.
  const isOpenable = stats.isDirectory()
    ? path.extname(file) !== '.app'
    : stats.isFile() && openable.has(path.extname(file).toLowerCase());
  return isOpenable ? undefined : `${file} is neither a folder nor a report.`;
}
