import type { Command } from '../state/commands.svelte.ts';
import { appWords } from '../strings/en.ts';
import type { App } from '../state/context.ts';
import type { RouteName } from '../state/places.ts';

/** What can be had everywhere. Screens add theirs with `commands.add`. */
export function appCommands(
  app: App,
  sheets: { readonly openPalette: () => void; readonly openHelp: () => void },
): readonly Command[] {
  const screen = (name: RouteName, code: string): Command => ({
    id: `go-${name}`,
    title: appWords.screens[name],
    group: appWords.commands.groupScreens,
    keys: ['alt', 'shift', code],
    run: () => {
      app.router.go(name);
    },
  });
  return [
    screen('start', 'KeyS'),
    screen('new', 'KeyN'),
    screen('history', 'KeyH'),
    screen('compare', 'KeyC'),
    screen('settings', 'KeyT'),
    {
      id: 'palette',
      title: appWords.commands.palette,
      group: appWords.commands.groupWindow,
      keys: ['mod', 'KeyK'],
      run: sheets.openPalette,
    },
    {
      id: 'help',
      title: appWords.commands.help,
      group: appWords.commands.groupWindow,
      keys: ['mod', 'Slash'],
      run: sheets.openHelp,
    },
    {
      id: 'theme-next',
      title: appWords.commands.themeNext,
      group: appWords.commands.groupWindow,
      keys: ['alt', 'shift', 'KeyL'],
      isAvailable: () => app.settings.value !== null,
      run: () => app.settings.set({ theme: isDark() ? 'light' : 'dark' }),
    },
  ];
}

function isDark(): boolean {
  return getComputedStyle(document.documentElement).colorScheme === 'light dark'
    ? matchMedia('(prefers-color-scheme: dark)').matches
    : getComputedStyle(document.documentElement).colorScheme === 'dark';
}
