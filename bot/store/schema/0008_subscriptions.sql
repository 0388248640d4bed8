-- What chats want to hear of, and how far each has. Who asked for it in a chat is not kept.
-- All times are in seconds since 1970.

CREATE TABLE listener (
    chat TEXT PRIMARY KEY REFERENCES chat (id) ON DELETE CASCADE,
    language TEXT NOT NULL, -- that was spoken when it began to listen, for where none was chosen in the chat
    cursor INTEGER NOT NULL, -- the last change that the chat heard of, or was spared
    held_until REAL, -- until when it wants quiet, as was found out last
    muted_until REAL,
    quiet_begin INTEGER, -- in minutes since midnight, as quiet_end
    quiet_end INTEGER,
    zone TEXT, -- by IANA's name, or "UTC+03:00"; without one the bot's own
    digest TEXT CHECK (digest IN ('daily', 'weekly')),
    digest_at REAL -- when the next one is due
) STRICT;

CREATE INDEX listener_by_cursor ON listener (cursor);
CREATE INDEX listener_by_digest ON listener (digest_at) WHERE digest_at IS NOT NULL;

CREATE TABLE subscription (
    chat TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE,
    target TEXT NOT NULL, -- "service:whatsapp", "category:messenger" or "all"
    degradations INTEGER NOT NULL CHECK (degradations IN (0, 1)),
    thread INTEGER, -- the topic in which it was asked for; without one the chat's own
    since_change INTEGER NOT NULL, -- the last change before it was asked for
    PRIMARY KEY (chat, target)
) STRICT, WITHOUT ROWID;

CREATE INDEX subscription_by_target ON subscription (target);

-- What a chat was told of a subject that was not well: it still has to hear how that ended.
CREATE TABLE told (
    chat TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    incident INTEGER,
    worst TEXT NOT NULL,
    since REAL NOT NULL,
    mixed INTEGER NOT NULL CHECK (mixed IN (0, 1)),
    PRIMARY KEY (chat, kind, subject)
) STRICT, WITHOUT ROWID;

-- How a chat stood before its last alerts: while these still wait to be sent, they can be called back and told anew.
CREATE TABLE last_alert (
    chat TEXT PRIMARY KEY REFERENCES chat (id) ON DELETE CASCADE,
    at REAL NOT NULL,
    threads TEXT NOT NULL, -- JSON: the topics that they were for, one each
    cursor INTEGER NOT NULL,
    told TEXT NOT NULL -- JSON: of each subject that they were about, the row of `told` there was, or null
) STRICT, WITHOUT ROWID;
