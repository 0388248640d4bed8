-- Copies of published registers of blocked sites. A new edition of a list is loaded beside the old one, in many small
-- transactions that keep nobody waiting, and takes its place in one.

CREATE TABLE registry_list (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL, -- where it comes from
    edition INTEGER NOT NULL DEFAULT 0, -- the rows of registry_entry that count; 0: none yet
    entries INTEGER NOT NULL DEFAULT 0,
    fetched_at REAL, -- when the edition was last known to be the published one, in seconds since 1970
    etag TEXT,
    last_modified TEXT,
    next_at REAL NOT NULL DEFAULT 0, -- when to ask again
    failures INTEGER NOT NULL DEFAULT 0, -- in a row
    error TEXT -- of the last attempt
) STRICT;

CREATE TABLE registry_entry (
    list TEXT NOT NULL,
    edition INTEGER NOT NULL,
    name TEXT NOT NULL, -- a host name in ASCII, or "*." and one
    since TEXT, -- a date, ISO 8601
    authority TEXT,
    PRIMARY KEY (list, edition, name)
) STRICT, WITHOUT ROWID;
