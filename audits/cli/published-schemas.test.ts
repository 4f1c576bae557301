import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { publishedSchemas } from './published-schemas.ts';

const docs = path.join(import.meta.dirname, '../../docs');

test.each(publishedSchemas)('docs/$file is in step with the code (npm run schemas)', ({ file, schema }) => {
  expect(JSON.parse(readFileSync(path.join(docs, file), 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(schema())),
  );
});
