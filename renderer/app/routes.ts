import type { Component } from 'svelte';
import type { RouteName, ScreenProps } from '../state/places.ts';

type LoadScreen = () => Promise<{ readonly default: Component<{ place: ScreenProps['place'] }> }>;

/** Every screen, each a file of its own that is loaded when it is first shown. */
export const routes: Readonly<Record<RouteName, LoadScreen>> = {
  start: () => import('../routes/Start.svelte'),
  new: () => import('../routes/NewAudit.svelte'),
  run: () => import('../routes/Run.svelte'),
  report: () => import('../routes/Report.svelte'),
  compare: () => import('../routes/Compare.svelte'),
  history: () => import('../routes/History.svelte'),
  settings: () => import('../routes/Settings.svelte'),
};
