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

/** Of each screen, below `#`. */
const paths: Readonly<Record<RouteName, string>> = {
  start: '/',
  new: '/new',
  run: '/run/:id',
  report: '/report/:id',
  compare: '/compare',
  history: '/history',
  settings: '/settings',
};
const patterns = (Object.keys(paths) as RouteName[]).map((name) => ({
  name,
  wanted: paths[name].split('/').slice(1),
}));

/** `#/run/ID?tab=log` as a place; null for what is no place of ours. */
export function placeOf(hash: string): Place | null {
  const [path = '', query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s, 2);
  const parts = (path === '' ? '/' : path).split('/').slice(1);
  for (const { name, wanted } of patterns) {
    if (wanted.length !== parts.length) continue;
    if (!wanted.every((part, i) => (part === ':id' ? parts[i] !== '' : part === parts[i]))) continue;
    const id = wanted.indexOf(':id');
    return {
      name,
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
  const text = new URLSearchParams(query).toString();
  return `#${paths[name].replace(':id', encodeURIComponent(id))}${text === '' ? '' : `?${text}`}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
