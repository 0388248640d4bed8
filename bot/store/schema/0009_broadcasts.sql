-- Messages that operators write to many. Who gets one, and whether it arrived, stands in the outbox.
-- Times are in seconds since 1970.

CREATE TABLE broadcast (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    made_by TEXT NOT NULL, -- the operator's chat
    made_at REAL NOT NULL,
    state TEXT NOT NULL CHECK (
        state IN ('draft', 'scheduled', 'running', 'paused', 'finished', 'stopped', 'cancelled')
    ),
    audience TEXT NOT NULL, -- JSON: the sets of bot.broadcasts.model.Audience
    start_at REAL,
    started_at REAL,
    ended_at REAL,
    panel TEXT -- the message that shows operators its progress
) STRICT;

CREATE INDEX broadcast_by_state ON broadcast (state);

CREATE TABLE broadcast_variant (
    broadcast INTEGER NOT NULL REFERENCES broadcast (id) ON DELETE CASCADE,
    language TEXT NOT NULL, -- empty for everybody else
    document TEXT NOT NULL, -- as bot.outbox.document writes it
    PRIMARY KEY (broadcast, language)
) STRICT;

-- The chats that want no announcements.
CREATE TABLE broadcast_refusal (
    chat TEXT PRIMARY KEY REFERENCES chat (id) ON DELETE CASCADE
) STRICT;
