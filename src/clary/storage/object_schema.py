"""The tables of the object store.

`objects` has a row for each version and each delete marker. A greater `id` is a newer version. `latest` is 1 for the
version a plain GET returns, 2 for a delete marker that hides the key, 0 for an older version; the partial index
`objects_visible` therefore holds exactly what a listing shows. Keys are BLOBs: SQLite compares them byte by byte, as
S3 orders keys. Small objects have their bytes in `inline`; the others name their files in `segments`, the last column,
so that a listing never reads it.

`files` has a row for each file of the store. `dead_after` is NULL while an object or a part needs the file; then it is
the time from which it may be unlinked.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, account TEXT NOT NULL, region TEXT NOT NULL,
    created REAL NOT NULL, settings TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS objects (
    id INTEGER PRIMARY KEY AUTOINCREMENT, bucket INTEGER NOT NULL, key BLOB NOT NULL, version TEXT NOT NULL,
    latest INTEGER NOT NULL, marker INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    modified REAL NOT NULL, meta TEXT NOT NULL, tags TEXT NOT NULL, segments TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS objects_visible ON objects (bucket, key) WHERE latest = 1;
CREATE UNIQUE INDEX IF NOT EXISTS objects_versions ON objects (bucket, key, id);
CREATE TABLE IF NOT EXISTS inline (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, dead_after REAL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_dead ON files (dead_after) WHERE dead_after IS NOT NULL;
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, bucket INTEGER NOT NULL, key BLOB NOT NULL, created REAL NOT NULL,
    description TEXT NOT NULL, completed INTEGER, request TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uploads_open ON uploads (bucket, key, id) WHERE completed IS NULL;
CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL,
    checksums TEXT NOT NULL, file TEXT NOT NULL, PRIMARY KEY (upload, number)
) WITHOUT ROWID;
"""
