/** Names that the preload script and the main process share. */
export const channels = {
  call: 'moat:call',
  chooseFolder: 'moat:choose-folder',
  chooseFile: 'moat:choose-file',
  saveFile: 'moat:save-file',
  openPath: 'moat:open-path',
  event: 'moat:event',
  navigate: 'moat:navigate',
  command: 'moat:command',
} as const;
