import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderParity } from '../audits/cli/parity.ts';
import { publishedSchemas } from '../audits/cli/published-schemas.ts';

/** Writes the JSON Schemas under docs/ anew; a test fails when they are behind the code. */
for (const { file, schema } of publishedSchemas) {
  const target = path.join(import.meta.dirname, '../docs', file);
  writeFileSync(target, `${JSON.stringify(schema(), null, 2)}\n`);
  console.log(`wrote ${path.relative(process.cwd(), target)}`);
}
writeFileSync(path.join(import.meta.dirname, '../docs/parity.md'), renderParity());
console.log('wrote docs/parity.md');
