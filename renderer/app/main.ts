import { mount } from 'svelte';
import { electronBridge } from '../bridge/electron.ts';
import { httpBridge } from '../bridge/http.ts';
import { takeToken } from '../bridge/token.ts';
import { showRememberedTheme } from '../state/settings.svelte.ts';
import App from './App.svelte';

showRememberedTheme();
const bridge =
  window.moat === undefined
    ? httpBridge({
        origin: location.origin,
        token: takeToken(location, history, sessionStorage),
        fetch: (...request) => fetch(...request),
        wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
      })
    : electronBridge(window.moat);
const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no place for the app');
mount(App, { target, props: { bridge } });
