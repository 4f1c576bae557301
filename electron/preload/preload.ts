/** What a page gets of the desktop: these functions, plain data in and out, and nothing of Electron. */
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { MoatReply, MoatWindow } from '../../renderer/bridge/window.ts';
import { channels } from '../main/channels.ts';

async function ask(channel: string, request: unknown): Promise<MoatReply> {
  return (await ipcRenderer.invoke(channel, request)) as MoatReply;
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
  chooseFolder: (title) => ask(channels.chooseFolder, { title }),
  chooseFile: (title, extensions) => ask(channels.chooseFile, { title, extensions }),
  saveFile: (title, name) => ask(channels.saveFile, { title, name }),
  openPath: (path) => ask(channels.openPath, { path }),
  watchNavigation: (listener) => watch(channels.navigate, listener),
  watchCommands: (listener) => watch(channels.command, listener),
};

contextBridge.exposeInMainWorld('moat', moat);
