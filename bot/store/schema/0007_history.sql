-- What every measurement said, in brief and for long: whole at first, then those in a row that said the same made one
-- (bot.store.history). It takes the place of the table `measurement`.

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    components TEXT NOT NULL, -- ids, separated by blanks; each keeps its place for good
    oldest_at REAL NOT NULL, -- of its readings, in seconds since 1970, as all times here
    fine_to REAL NOT NULL, -- readings before this are thinned to short stretches of time
    coarse_to REAL NOT NULL, -- and those before this, to long ones
    UNIQUE (kind, target)
) STRICT;

CREATE INDEX series_by_age ON series (kind, oldest_at);

CREATE TABLE reading (
    series INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
    at REAL NOT NULL, -- when the measurement ended, or the first of several
    until REAL, -- how long that held; NULL: a single measurement, of which its successor decides
    times INTEGER NOT NULL, -- measurements that it stands for
    status TEXT NOT NULL,
    confidence TEXT NOT NULL,
    causes TEXT NOT NULL, -- separated by blanks, strongest first
    beyond_dns TEXT NOT NULL,
    components TEXT NOT NULL, -- a letter for each of the series' components
    response_ms INTEGER, -- typical; NULL: nothing answered
    slowest_ms INTEGER,
    PRIMARY KEY (series, at)
) STRICT, WITHOUT ROWID;

INSERT INTO series (kind, target, components, oldest_at, fine_to, coarse_to)
SELECT kind, target, '', min(measured_at), 0, 0 FROM measurement GROUP BY kind, target;

INSERT OR REPLACE INTO reading (series, at, times, status, confidence, causes, beyond_dns, components)
SELECT series.id, measured_at, 1, status, confidence, causes, beyond_dns, ''
FROM measurement JOIN series USING (kind, target) ORDER BY measurement.id;

DROP TABLE measurement;
