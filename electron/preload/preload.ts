/** What a page gets of the desktop: these functions, plain data in and out, and nothing of Electron. */
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { MoatReply, MoatWindow } from '../../renderer/bridge/window.ts';
import { channels } from '../main/channels.ts';

async function ask(channel: string, request: unknown): Promise<MoatReply> {
  return (await ipcRenderer.invoke(channel, request)) as MoatReply;
}

/** For what can fail only by a mistake of ours or of the system: the sentence is all there is to it. */
async function demand(channel: string, request: unknown): Promise<unknown> {
  const answer = await ask(channel, request);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
}

/** The event object of Electron, which holds a way back to it, stays here. */
function watch(channel: string, listener: (value: never) => void): () => void {
  const pass = (_event: unknown, value: unknown): void => listener(value as never);
  ipcRenderer.on(channel, pass);
  return () => void ipcRenderer.off(channel, pass);
}

const moat: MoatWindow = {
  call: (name, request) => ask(channels.call, { name, request }),
  subscribe: (listener) => watch(channels.event, listener),
  pathOfFile: (file) => webUtils.getPathForFile(file),
  chooseFolder: async (title) => (await demand(channels.chooseFolder, { title })) as string | null,
  chooseFile: async (title, extensions) =>
    (await demand(channels.chooseFile, { title, extensions })) as string | null,
  saveFolder: async (title) => (await demand(channels.saveFolder, { title })) as string | null,
  openPath: async (path) => void (await demand(channels.openPath, { path })),
  watchNavigation: (listener) => watch(channels.navigate, listener),
  watchCommands: (listener) => watch(channels.command, listener),
};

contextBridge.exposeInMainWorld('moat', moat);
