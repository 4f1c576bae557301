import { z } from 'zod';
import { MoatError, type WindowError } from '../../audits/contract/errors.ts';
import { windowErrorOf } from '../../audits/serve/window-hints.ts';
import { isOwnAddress } from './own-address.ts';

export type Answer =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: WindowError };

export type Handle = <Request>(
  channel: string,
  schema: z.ZodType<Request>,
  run: (request: Request, window: Electron.WebContents) => unknown,
) => void;

/**
 * The only way from a page to this process. Whoever asks must be the main frame of a window and show one of our pages; what
 * it asks must pass a schema; what went wrong is told as data.
 */
export function createHandle(ipcMain: Pick<Electron.IpcMain, 'handle'>): Handle {
  return (channel, schema, run) => {
    ipcMain.handle(channel, async (event, request: unknown): Promise<Answer> => {
      try {
        if (!isTrusted(event))
          throw new MoatError('internal', 'A page that is not ours asked for something.');
        const parsed = schema.safeParse(request);
        if (!parsed.success)
          throw new MoatError('usage', `The request is not understood: ${z.prettifyError(parsed.error)}`);
        return { ok: true, value: await run(parsed.data, event.sender) };
      } catch (error) {
        return { ok: false, error: windowErrorOf(error) };
      }
    });
  };
}

function isTrusted({ senderFrame, sender }: Electron.IpcMainInvokeEvent): boolean {
  // A frame that has gone since it asked is null.
  return senderFrame !== null && senderFrame === sender.mainFrame && isOwnAddress(senderFrame.url);
}
