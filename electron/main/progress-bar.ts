/** The bar at the app's icon. */
export function createProgressBar(
  windowOf: () => Pick<Electron.BrowserWindow, 'setProgressBar'> | undefined,
): (fraction: number | undefined) => void {
  return (fraction) => windowOf()?.setProgressBar(fraction ?? -1);
}
