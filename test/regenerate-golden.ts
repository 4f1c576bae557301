import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { firstDifference, GOLDEN_RESULT, goldenFolder, judgeGolden, renderGolden } from './helpers/golden.ts';

/**
 * Writes test/golden anew and says what changed: read that before it is committed.
 *
 * usage: npm run golden
 */
const result = judgeGolden();
const files = new Map([
  [GOLDEN_RESULT, `${JSON.stringify(result, null, 2)}\n`],
  ...(await renderGolden(result)),
]);
const known = globSync('**/*', { cwd: goldenFolder, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== 'README.md')
  .map((entry) =>
    path.relative(goldenFolder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'),
  );
for (const name of known.filter((file) => !files.has(file))) {
  rmSync(path.join(goldenFolder, name));
  console.log(`${name}: gone`);
}
for (const [name, text] of files) {
  const file = path.join(goldenFolder, name);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  if (before === text) continue;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  const difference = before === undefined ? undefined : firstDifference(before, text);
  console.log(
    difference === undefined
      ? `${name}: new`
      : `${name}: differs from line ${difference.line} on\n  - ${shown(difference.before)}\n  + ${shown(difference.after)}`,
  );
}
console.log('test/golden is as this Moat writes it.');

function shown(line: string): string {
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
