import { licenceText, type ShippedPackage } from './stage.ts';

/** One text with the licence of every package in the app; Electron brings the list of its own parts. */
export function licenceList(packages: readonly ShippedPackage[]): string {
  return packages
    .map(({ name, version, licence, folder }) => {
      const text = licenceText(folder)?.trim();
      return `${name} ${version} (${licence})\n\n${text ?? `Its package brings no text; ${licence} applies.`}`;
    })
    .join(`\n\n${'-'.repeat(80)}\n\n`);
}
