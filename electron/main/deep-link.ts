export const LINK_SCHEME = 'moat';

/** `moat://audit/ID` as a place in the app; undefined where it is something else. A link comes from anywhere. */
export function placeOfLink(link: string): string | undefined {
  const id = /^moat:\/\/audit\/([0-9a-f]{8})\/?$/.exec(link)?.[1];
  return id === undefined ? undefined : `#/report/${id}`;
}

/** The link among the words a system starts a program with. */
export function linkAmong(words: readonly string[]): string | undefined {
  return words.find((word) => word.startsWith(`${LINK_SCHEME}://`));
}
