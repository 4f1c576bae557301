/** Keeps the machine awake while an audit runs; the screen may sleep. */
export function createPowerSave(
  blocker: Pick<Electron.PowerSaveBlocker, 'start' | 'stop'>,
): (isRunning: boolean) => void {
  let id: number | undefined;
  return (isRunning) => {
    if (isRunning) id ??= blocker.start('prevent-app-suspension');
    else if (id !== undefined) {
      blocker.stop(id);
      id = undefined;
    }
  };
}
