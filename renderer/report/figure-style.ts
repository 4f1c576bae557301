import charts from '../charts/charts.css?inline';
import theme from '../theme.css?inline';

/** The figures' style sheet for files of their own, which know neither themes nor variables: every colour is the light theme's. */
export function figureStyle(): string {
  const values = lightValues(theme);
  return charts
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/var\((--[\w-]+)\)/g, (_, name: string) => {
      const value = values.get(name);
      if (value === undefined) throw new Error(`the light theme has no ${name}`);
      return value;
    })
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Of the first block of the theme, where each colour is given for light and for dark. */
export function lightValues(sheet: string): ReadonlyMap<string, string> {
  const block = /:root\s*\{([^}]*)\}/.exec(sheet)?.[1] ?? '';
  return new Map(
    [...block.matchAll(/(--[\w-]+)\s*:\s*([^;}]+)/g)].map(([, name = '', value = '']) => [
      name,
      /^light-dark\(\s*([^,]+),/.exec(value.trim())?.[1] ?? value.trim(),
    ]),
  );
}
