import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { cellKey, exampleId, exampleResult, fillExample, fixedClock } from './fixtures/example.ts';
import { rowSchemas } from './fixtures/row-schemas.ts';
import { openStore } from './open.ts';

const documentation = readFileSync(new URL('../../docs/database.md', import.meta.url), 'utf8');

let folder: string;
let database: Database.Database;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-views-'));
  const file = path.join(folder, 'audits.db');
  const store = openStore(file, { mode: 'write', clock: fixedClock });
  fillExample(store);
  store.close();
  database = new Database(file, { readonly: true });
});

afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const names = (type: 'table' | 'view'): readonly string[] =>
  database
    .prepare<[string], string>(`SELECT name FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite_%'`)
    .pluck()
    .all(type);

test('every row of every table is what the repositories take it to be', () => {
  expect([...names('table')].sort()).toEqual(Object.keys(rowSchemas).sort());
  for (const [table, schema] of Object.entries(rowSchemas)) {
    const rows = database.prepare(`SELECT * FROM ${table}`).all();
    if (table !== 'artifacts') expect(rows, table).not.toHaveLength(0);
    for (const row of rows) expect(() => z.parse(schema, row), table).not.toThrow();
  }
});

describe('the views', () => {
  test('report_matrix repeats the numbers of the result, with what weakens them', () => {
    const rows = database.prepare('SELECT * FROM report_matrix').all();
    expect(rows).toHaveLength(exampleResult.matrix.length);
    expect(rows[1]).toMatchObject({
      audit_id: exampleId,
      attack: 'direct-extraction:loss=mse',
      defense: 'rounding:decimals=1',
      budget_queries: 500,
      stolen_gain: 0.86,
      stolen_gain_low: 0.8,
      stolen_gain_high: 0.92,
      knn_accuracy: null,
      elapsed_seconds: 4.2,
      is_adaptive: 0,
      weakened_by: 'one-seed, short-training',
    });
    expect(rows[0]).toMatchObject({ weakened_by: 'one-seed' });
  });

  test('report_measurements has one row for each measured number, with the work it belongs to', () => {
    const rows = database.prepare('SELECT * FROM report_measurements').all();
    expect(rows).toHaveLength(10);
    expect(rows[2]).toStrictEqual({
      audit_id: exampleId,
      cell_key: cellKey('open'),
      kind: 'attack',
      attack: 'direct-extraction:loss=mse',
      defense: 'none',
      budget_queries: 500,
      accounts: 1,
      seed: 0,
      task: 'shapes',
      metric: 'probe-accuracy',
      value: 0.871,
      unit: 'fraction',
      items: 2000,
      cell_seconds: 4.2,
      measured_at: '2026-01-02T03:14:05.000Z',
    });
    expect(rows[0]).toMatchObject({ kind: 'victim', attack: null, budget_queries: null, seed: 0 });
  });

  test('report_findings begins with the gravest', () => {
    const rows = database.prepare('SELECT finding, severity_rank, cell_keys FROM report_findings').all();
    expect(rows).toEqual([
      {
        finding: 'undefended-theft',
        severity_rank: 3,
        cell_keys: JSON.stringify([cellKey('open'), cellKey('control')]),
      },
      {
        finding: 'rounding-no-protection',
        severity_rank: 2,
        cell_keys: JSON.stringify([cellKey('rounded')]),
      },
    ]);
  });
});

describe('docs/database.md', () => {
  test('describes every view with exactly its columns, in order', () => {
    for (const view of names('view')) {
      const section = documentation.split(`### \`${view}\``)[1]?.split('\n#')[0] ?? '';
      const described = [...section.matchAll(/^\| (`.*?`) +\|/gm)].flatMap(([, cell = '']) =>
        [...cell.matchAll(/`(\w+)`/g)].map(([, column = '']) => column),
      );
      expect(described, view).toEqual(
        database
          .prepare(`SELECT * FROM ${view}`)
          .columns()
          .map(({ name }) => name),
      );
    }
  });

  const examples = [...documentation.matchAll(/```sql\n(.*?)```\n\n```text\n(.*?)```/gs)];

  test('has at least three examples', () => expect(examples.length).toBeGreaterThanOrEqual(3));

  test.each(examples.map(([, query = '', output = '']) => [query, output]))(
    'prints what it shows: %s',
    (query, output) => {
      expect(printed(query)).toBe(output);
    },
  );

  /** As the sqlite3 shell does in `.mode column`. */
  function printed(query: string): string {
    const statement = database.prepare<[], Readonly<Record<string, string | number | null>>>(query);
    const header = statement.columns().map(({ name }) => name);
    const rows = statement.all().map((row) => header.map((name) => String(row[name] ?? '')));
    const widths = header.map((name, at) =>
      Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)),
    );
    const lines = [header, widths.map((width) => '-'.repeat(width)), ...rows];
    return lines
      .map(
        (line) =>
          `${line
            .map((cell, at) => cell.padEnd(widths[at] ?? 0))
            .join('  ')
            .trimEnd()}\n`,
      )
      .join('');
  }
});
