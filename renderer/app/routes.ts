import type { Component } from 'svelte';

/**
 * Where in the app somebody is. `id` is an audit. The query of `new` may hold `encoder`, a path on the engine's machine, or
 * `dropped`, the name of a file whose path the host does not tell.
 */
export interface Place {
  readonly name: RouteName;
  readonly id: string | null;
  readonly query: Readonly<Record<string, string>>;
}

export type RouteName = 'start' | 'new' | 'run' | 'report' | 'compare' | 'history' | 'settings';

/** What every screen is given. A screen renders one `ScreenHeading`, which names the document and takes the focus. */
export interface ScreenProps {
  readonly place: Place;
}

export interface Route {
  readonly name: RouteName;
  readonly path: string;
  readonly load: () => Promise<{ readonly default: Component<{ place: Place }> }>;
}

/** Every screen, each a file of its own that is loaded when it is first shown. */
export const routes: readonly Route[] = [
  { name: 'start', path: '/', load: () => import('../routes/Start.svelte') },
  { name: 'new', path: '/new', load: () => import('../routes/NewAudit.svelte') },
  { name: 'run', path: '/run/:id', load: () => import('../routes/Run.svelte') },
  { name: 'report', path: '/report/:id', load: () => import('../routes/Report.svelte') },
  { name: 'compare', path: '/compare', load: () => import('../routes/Compare.svelte') },
  { name: 'history', path: '/history', load: () => import('../routes/History.svelte') },
  { name: 'settings', path: '/settings', load: () => import('../routes/Settings.svelte') },
];

/** `#/run/ID?tab=log` as a place; null for what is no place of ours. */
export function placeOf(hash: string): Place | null {
  const [path = '', query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s, 2);
  const parts = (path === '' ? '/' : path).split('/').slice(1);
  for (const route of routes) {
    const wanted = route.path.split('/').slice(1);
    if (wanted.length !== parts.length) continue;
    if (!wanted.every((part, i) => (part === ':id' ? parts[i] !== '' : part === parts[i]))) continue;
    const id = wanted.indexOf(':id');
    return {
      name: route.name,
      id: id === -1 ? null : decoded(parts[id] ?? ''),
      query: Object.fromEntries(new URLSearchParams(query)),
    };
  }
  return null;
}

/** A link's address. */
export function hrefOf(
  name: RouteName,
  { id = '', query = {} }: { readonly id?: string; readonly query?: Readonly<Record<string, string>> } = {},
): string {
  const path = routes.find((route) => route.name === name)?.path ?? '/';
  const text = new URLSearchParams(query).toString();
  return `#${path.replace(':id', encodeURIComponent(id))}${text === '' ? '' : `?${text}`}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
