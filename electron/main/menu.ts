export interface MenuParts {
  readonly platform: NodeJS.Platform;
  readonly isPackaged: boolean;
  readonly navigate: (hash: string) => void;
  /** Ids of the app's own registry of commands. */
  readonly command: (id: string) => void;
  readonly openDatabase: () => void;
  readonly openWindow: () => void;
  readonly showCrashLog: () => void;
}

/** The application's menu. What a page has a command for is done by the page; roles are the system's own. */
export function menuTemplate(parts: MenuParts): Electron.MenuItemConstructorOptions[] {
  const isMac = parts.platform === 'darwin';
  const go = (label: string, hash: string, accelerator?: string): Electron.MenuItemConstructorOptions => ({
    label,
    ...(accelerator === undefined ? {} : { accelerator }),
    click: () => parts.navigate(hash),
  });
  return [
    ...(isMac ? [{ role: 'appMenu' as const }] : []),
    {
      label: 'File',
      submenu: [
        go('New audit', '#/new', 'CmdOrCtrl+N'),
        { label: 'New window', accelerator: 'CmdOrCtrl+Shift+N', click: parts.openWindow },
        { label: 'Open database …', accelerator: 'CmdOrCtrl+O', click: parts.openDatabase },
        { type: 'separator' },
        go('Settings', '#/settings', 'CmdOrCtrl+,'),
        { type: 'separator' },
        isMac ? { role: 'close' } : { role: 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        go('Start', '#/', 'CmdOrCtrl+1'),
        go('History', '#/history', 'CmdOrCtrl+2'),
        go('Compare', '#/compare', 'CmdOrCtrl+3'),
        {
          label: 'Command palette',
          accelerator: 'CmdOrCtrl+K',
          click: () => parts.command('palette'),
        },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        ...(parts.isPackaged
          ? []
          : [
              { type: 'separator' as const },
              { role: 'toggleDevTools' as const },
              { role: 'reload' as const },
            ]),
      ],
    },
    { role: 'windowMenu' },
    { role: 'help', submenu: [{ label: 'Show crash log', click: parts.showCrashLog }] },
  ];
}
