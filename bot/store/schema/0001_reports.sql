-- What was measured last, whole, so that an answer survives a restart; and what every measurement said, in brief.
-- Who asked is not kept.

CREATE TABLE latest_report (
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    deep INTEGER NOT NULL CHECK (deep IN (0, 1)),
    measured_at REAL NOT NULL, -- when the measurement ended, in seconds since 1970
    document TEXT NOT NULL, -- as probes.reports writes it
    PRIMARY KEY (kind, target, deep)
) STRICT;

CREATE INDEX latest_report_by_age ON latest_report (kind, measured_at);

CREATE TABLE measurement (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    deep INTEGER NOT NULL CHECK (deep IN (0, 1)),
    measured_at REAL NOT NULL,
    status TEXT NOT NULL,
    confidence TEXT NOT NULL,
    causes TEXT NOT NULL, -- separated by spaces, strongest first
    beyond_dns TEXT NOT NULL
) STRICT;

CREATE INDEX measurement_by_target ON measurement (kind, target, measured_at);
CREATE INDEX measurement_by_age ON measurement (kind, measured_at);
