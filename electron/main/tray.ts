export interface TrayParts {
  readonly Tray: typeof Electron.Tray;
  readonly Menu: Pick<typeof Electron.Menu, 'buildFromTemplate'>;
  readonly icon: Electron.NativeImage;
  readonly show: () => void;
  readonly quit: () => void;
}

/** There while an audit runs, so that a closed window can be opened again. */
export function createTray(parts: TrayParts): (fraction: number | undefined) => void {
  let tray: Electron.Tray | undefined;
  return (fraction) => {
    if (fraction === undefined) {
      tray?.destroy();
      tray = undefined;
      return;
    }
    if (tray === undefined) {
      tray = new parts.Tray(parts.icon);
      tray.on('click', parts.show);
      tray.setContextMenu(
        parts.Menu.buildFromTemplate([
          { label: 'Show Moat', click: parts.show },
          { type: 'separator' },
          { label: 'Stop and quit', click: parts.quit },
        ]),
      );
    }
    tray.setToolTip(`Moat: ${Math.floor(fraction * 100)} % done`);
  };
}
