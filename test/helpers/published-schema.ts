import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A schema as others publish it (test/fixtures/schemas/README.md says where). */
export function publishedSchema(file: string): Record<string, unknown> {
  const location = path.join(import.meta.dirname, '../fixtures/schemas', file);
  return JSON.parse(readFileSync(location, 'utf8')) as Record<string, unknown>;
}
