const KEY = 'moat-token';

/**
 * The token of `moat serve` comes in the address's fragment, which no request carries. It is kept for this tab alone and
 * taken out of the address bar at once, so that it is neither bookmarked nor shown on a shared screen.
 */
export function takeToken(
  place: Pick<Location, 'hash' | 'pathname' | 'search'>,
  history: Pick<History, 'replaceState'>,
  storage: Pick<Storage, 'getItem' | 'setItem'>,
): string | null {
  const { token, hash } = splitToken(place.hash);
  if (token === null) return storage.getItem(KEY);
  storage.setItem(KEY, token);
  history.replaceState(null, '', `${place.pathname}${place.search}${hash}`);
  return token;
}

/** `#token=T`, `#/run/ID?token=T`: the token, and the fragment without it. */
export function splitToken(hash: string): { readonly token: string | null; readonly hash: string } {
  const text = hash.replace(/^#/, '');
  const at = text.indexOf('?');
  const path = text.startsWith('/') ? (at === -1 ? text : text.slice(0, at)) : '/';
  const query = new URLSearchParams(text.startsWith('/') ? (at === -1 ? '' : text.slice(at + 1)) : text);
  const token = query.get('token');
  query.delete('token');
  const rest = query.toString();
  return { token, hash: `#${path}${rest === '' ? '' : `?${rest}`}` };
}
