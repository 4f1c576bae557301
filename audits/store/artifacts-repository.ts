import type Database from 'better-sqlite3';
import type { ArtifactFile, CellKey } from '../contract/cell.ts';

/** Rows that point to files: written after the file is whole, so a row never points to nothing. */
export interface ArtifactRepository {
  insert(key: CellKey, artifact: ArtifactFile): void;
  byCell(key: CellKey): readonly ArtifactFile[];
}

export function artifactsRepository(database: Database.Database): ArtifactRepository {
  const insert = database.prepare(
    'INSERT INTO artifacts (cell_key, path, sha256, size_bytes, kind) VALUES (?, ?, ?, ?, ?)',
  );
  const select = database.prepare<[string], ArtifactFile>(
    `SELECT path, sha256, size_bytes AS sizeBytes, kind FROM artifacts WHERE cell_key = ? ORDER BY id`,
  );
  return {
    insert(key, { path, sha256, sizeBytes, kind }) {
      insert.run(key, path, sha256, sizeBytes, kind);
    },
    byCell: (key) => select.all(key),
  };
}
