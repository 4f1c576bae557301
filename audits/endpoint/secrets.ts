import { environmentPlaceholder, isSecretName, type EndpointVictim } from '../contract/endpoint.ts';
import { MoatError } from '../contract/errors.ts';

/** Values of environment variables by name: `process.env`, or a test's. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Shorter values would be found by chance all over a text. */
const SHORTEST_SECRET = 4;

/**
 * What a request's texts become when it is sent, and how they are hidden again. The values live in this closure alone:
 * they are in no settings, no database, no log and no message.
 */
export interface Secrets {
  /** `Bearer ${ENV:TOKEN}` with the variable's value. */
  fill(text: string): string;
  /** Any text (an error's, a reply's) with each value replaced by its placeholder. */
  hide(text: string): string;
}

/** @throws MoatError `endpoint-secret-missing` naming every variable that is not set */
export function readSecrets({ url, settings }: EndpointVictim, environment: Environment): Secrets {
  const names = [...new Set(variableNames(JSON.stringify([url, settings.request])))];
  const missing = names.filter((name) => (environment[name] ?? '') === '');
  if (missing.length > 0)
    throw new MoatError(
      'endpoint-secret-missing',
      `The endpoint needs the environment variable${missing.length === 1 ? '' : 's'} ${missing.join(', ')}.`,
    );
  const values = new Map(names.map((name) => [name, environment[name] ?? '']));
  return {
    fill: (text) => text.replaceAll(environmentPlaceholder, (_, name: string) => values.get(name) ?? ''),
    hide: (text) =>
      [...values]
        .filter(([, value]) => value.length >= SHORTEST_SECRET)
        // The longest first: one value may be part of another.
        .sort(([, a], [, b]) => b.length - a.length)
        .reduce((hidden, [name, value]) => hidden.replaceAll(value, `\${ENV:${name}}`), text),
  };
}

/**
 * Checks the address of a service as a person typed it.
 * @returns the address as it is stored
 * @throws MoatError `usage` for what is no address, or one that carries a secret in clear
 */
export function parseEndpointUrl(text: string): string {
  const usage = (reason: string): MoatError =>
    new MoatError('usage', `The address of the service ${reason}.`);
  const url = URL.parse(text);
  if (url === null) throw usage('is no URL');
  if (url.username !== '' || url.password !== '')
    throw usage('contains a user name or password: send them as a header from the environment');
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal))
    throw usage('must begin with https:// (http:// only on this machine): images and tokens travel on it');
  for (const [name, value] of url.searchParams)
    if (isSecretName(name) && !value.includes('${ENV:'))
      throw usage(`has the secret "${name}" in clear: write ${name}=\${ENV:NAME} and set that variable`);
  // As typed: URL would escape the braces of a placeholder.
  return text.trim();
}

function variableNames(text: string): readonly string[] {
  return [...text.matchAll(environmentPlaceholder)].map(([, name = '']) => name);
}
