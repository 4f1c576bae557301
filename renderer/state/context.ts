import { createContext } from 'svelte';
import type { Bridge } from '../bridge/bridge.ts';
import { AuditList } from './audits.svelte.ts';
import { CommandRegistry } from './commands.svelte.ts';
import { EngineState } from './engine.svelte.ts';
import { Announcer, Notices } from './notices.svelte.ts';
import { SettingsState } from './settings.svelte.ts';
import { TaskList } from './tasks.svelte.ts';
import { Router } from './router.svelte.ts';

/** What screens take from the app around them, by `getApp()`. */
export interface App {
  readonly bridge: Bridge;
  readonly router: Router;
  readonly engine: EngineState;
  readonly audits: AuditList;
  readonly settings: SettingsState;
  readonly tasks: TaskList;
  readonly notices: Notices;
  readonly announcer: Announcer;
  readonly commands: CommandRegistry;
  readonly isMac: boolean;
}

export const [getApp, setApp] = createContext<App>();

export function createApp(bridge: Bridge): App {
  return {
    bridge,
    router: new Router(),
    engine: new EngineState(bridge),
    audits: new AuditList(bridge),
    settings: new SettingsState(bridge),
    tasks: new TaskList(bridge),
    notices: new Notices(),
    announcer: new Announcer(),
    commands: new CommandRegistry(),
    isMac: /mac/i.test(navigator.platform),
  };
}
