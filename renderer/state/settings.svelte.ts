import type { AppSettings } from '../../audits/contract/bridge.ts';
import { sentenceOf, type Bridge } from '../bridge/bridge.ts';

const THEME_KEY = 'moat-theme';

/** What the user set; the theme is remembered here too, so that the window opens in it before the engine answers. */
export class SettingsState {
  value = $state.raw<AppSettings | null>(null);
  error = $state<string | null>(null);

  readonly #bridge: Bridge;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
    bridge.subscribe(({ event }) => {
      if (event.type === 'settings-changed') void this.refresh();
    });
    bridge.watchConnection((connection) => {
      if (connection === 'open') void this.refresh();
    });
  }

  async refresh(): Promise<void> {
    try {
      this.#take(await this.#bridge.call('settings.get', {}));
    } catch (error) {
      this.error = sentenceOf(error);
    }
  }

  /** @throws BridgeError where the engine does not take it; the value stays as it was */
  async set(changes: Partial<AppSettings>): Promise<void> {
    this.#take(await this.#bridge.call('settings.set', { changes }));
  }

  #take(value: AppSettings): void {
    this.value = value;
    this.error = null;
    localStorage.setItem(THEME_KEY, value.theme);
    showTheme(value.theme);
  }
}

export function showTheme(theme: AppSettings['theme']): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

export function showRememberedTheme(): void {
  const theme = localStorage.getItem(THEME_KEY);
  showTheme(theme === 'light' || theme === 'dark' ? theme : 'system');
}
