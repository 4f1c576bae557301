/** As much of Electron as the app uses, over Node and a Chromium that playwright-core drives. */
export { app } from './app.ts';
export { BrowserWindow } from './browser-window.ts';
export { ipcMain } from './ipc-main.ts';
export { MessageChannelMain } from './message-channel.ts';
export { protocol, session } from './session.ts';
export { utilityProcess } from './utility-process.ts';
export {
  crashReporter,
  dialog,
  Menu,
  nativeImage,
  nativeTheme,
  Notification,
  powerSaveBlocker,
  shell,
  Tray,
} from './system.ts';
