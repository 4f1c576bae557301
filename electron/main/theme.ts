import type { AppSettings, BridgeEvent } from '../../audits/contract/bridge.ts';
import type { LogFailure } from './crash-log.ts';

export interface ThemeParts {
  readonly nativeTheme: Pick<Electron.NativeTheme, 'themeSource'>;
  /** @throws MoatError what the engine answers */
  readonly call: (method: 'settings.get', request: object) => Promise<unknown>;
  readonly logFailure: LogFailure;
}

export interface ThemeWatch {
  readonly look: () => void;
  readonly take: (event: BridgeEvent) => void;
}

/** What the system draws around a page (title bar, menus, dialogs) is light or dark as the user has set it for the page. */
export function createThemeWatch({ nativeTheme, call, logFailure }: ThemeParts): ThemeWatch {
  async function follow(): Promise<void> {
    const { theme } = (await call('settings.get', {})) as AppSettings;
    nativeTheme.themeSource = theme;
  }
  const look = (): void => void follow().catch(logFailure('the theme that is set'));
  return {
    look,
    take: ({ event }) => {
      if (event.type === 'settings-changed') look();
    },
  };
}
