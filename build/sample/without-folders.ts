/** Absolute folders, POSIX or Windows, in front of a last name; not the path of a web address. */
const FOLDERS = /(?<![\w.:/\\~-])(?:\/|[A-Za-z]:[\\/])(?:[^\s/\\:"'()<>|]+[\\/])+/g;

/** The same value with the folders of one machine cut out of every string in it: names of files stay. */
export function withoutFolders<T>(value: T): T {
  return cut(value) as T;
}

function cut(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(FOLDERS, '');
  if (Array.isArray(value)) return value.map(cut);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, cut(entry)]));
}
