/** The frame around the screens. */
export const appWords = {
  name: 'Moat',
  skipToContent: 'To the content',
  navigation: 'Screens',
  loading: 'Loading …',
  unknownPlace: {
    title: 'There is no such place',
    sentence: 'The address names no screen of this app.',
    action: 'Go to the start',
  },
  screenFailed: {
    title: 'This screen could not be shown',
  },
  connection: {
    lost: 'The connection to the engine is lost. Running audits go on; trying again …',
    refused:
      'This window has no valid token. Open the address that moat serve printed, with everything after its #.',
    helloFailed: (why: string) => `The engine did not say how it stands, so no audit can be started. ${why}`,
    readOnly: (why: string) => `Read only: ${why} Audits can be looked at, none can be started.`,
  },
  dismiss: 'Dismiss',
  undo: 'Undo',
  cancel: 'Cancel',
  close: 'Close',
  tryAgain: 'Try again',
  tryingAgain: 'Trying again …',
  screens: {
    start: 'Start',
    new: 'New audit',
    run: 'Run',
    report: 'Report',
    compare: 'Compare',
    history: 'History',
    settings: 'Settings',
  },
  commands: {
    title: 'Commands',
    placeholder: 'Type a command or the name of an audit',
    none: 'Nothing has that name.',
    groupScreens: 'Go to',
    groupWindow: 'Window',
    groupAudits: 'Audits',
    palette: 'Commands and audits',
    help: 'Keyboard shortcuts',
    themeNext: 'Switch between light and dark',
  },
  help: {
    title: 'Keyboard shortcuts',
    sentence: 'Everything on screen can be reached with Tab, and is done with Enter or Space.',
  },
} as const;

/** What is said where the engine cannot be asked. */
export const bridgeWords = {
  connectionLost:
    'The engine does not answer. Its audits go on if it is alive; this window tries again by itself.',
  tokenRefused: 'The engine refused this window’s token. Open the address that moat serve printed.',
  unexpectedAnswer: (status: number) => `The engine answered with status ${status}, without a reason.`,
} as const;
