/** Of every window there is: a page is no more than a page, whatever gets into it. */
export function webPreferences(preload?: string): Electron.WebPreferences {
  return {
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    safeDialogs: true,
    spellcheck: false,
    ...(preload === undefined ? {} : { preload }),
  };
}
