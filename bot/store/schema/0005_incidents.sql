-- What is watched, how it stands, and what came of it. An incident, its change and the state that led to both are
-- written in one transaction: whoever reads the changes in the order of their ids misses none and hears none twice.
-- All times are in seconds since 1970.

CREATE TABLE watch (
    service TEXT PRIMARY KEY,
    due_at REAL NOT NULL -- when it is to be measured next
) STRICT;

-- A subject is a service, its standing in a national DNS directory ("nsdi/whatsapp"), or this host (bot.incidents.model).
CREATE TABLE standing (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL, -- JSON: what bot.incidents remembers of it
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE incident (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    severity TEXT NOT NULL, -- the worst that it came to, as is the status
    status TEXT NOT NULL,
    opened_at REAL NOT NULL, -- the first measurement that showed it
    closed_at REAL, -- the first that showed it to be over; NULL: it is not
    lost INTEGER NOT NULL DEFAULT 0 CHECK (lost IN (0, 1)), -- how it ended is not known: it was watched no longer
    course TEXT NOT NULL, -- JSON: what it was like, and since when
    evidence BLOB -- the report that last showed something new, compressed
) STRICT;

CREATE UNIQUE INDEX incident_open ON incident (kind, subject) WHERE closed_at IS NULL;
CREATE INDEX incident_by_subject ON incident (kind, subject, opened_at);
CREATE INDEX incident_by_end ON incident (closed_at);

-- What people are to hear of, in order.
CREATE TABLE change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER REFERENCES incident (id) ON DELETE SET NULL,
    at REAL NOT NULL,
    document TEXT NOT NULL -- JSON
) STRICT;

CREATE INDEX change_by_incident ON change (incident);
CREATE INDEX change_by_age ON change (at);
