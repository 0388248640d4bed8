-- What is to be told to chats that did not ask just now. A content is stored once, however many are told it.
-- Times are in seconds since 1970.

CREATE TABLE content (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL, -- as bot.outbox.document writes it
    made_at REAL NOT NULL
) STRICT;

CREATE INDEX content_by_age ON content (made_at);

-- Ids are never given out twice: what becomes of one message must not be noted of another.
CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE,
    thread INTEGER,
    content INTEGER NOT NULL REFERENCES content (id),
    priority INTEGER NOT NULL CHECK (priority IN (1, 2, 3)), -- bot.outbox.model.Priority
    subject TEXT NOT NULL,
    broadcast INTEGER,
    not_before REAL NOT NULL,
    expires_at REAL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (
        state IN ('waiting', 'leased', 'paused', 'sent', 'unknown', 'dead', 'expired', 'cancelled')
    ),
    next_at REAL, -- when to take it; NULL while it stands behind another one of its chat
    attempts INTEGER NOT NULL DEFAULT 0,
    doubts INTEGER NOT NULL DEFAULT 0, -- attempts that may have arrived
    failure TEXT NOT NULL DEFAULT '', -- of the last attempt
    platform_id TEXT, -- the message's id in the chat, once it is sent
    ended_at REAL
) STRICT;

CREATE INDEX message_due ON message (priority, next_at) WHERE state = 'waiting' AND next_at IS NOT NULL;
CREATE INDEX message_by_chat ON message (chat, state, priority, id);
CREATE INDEX message_by_content ON message (content);
CREATE INDEX message_by_broadcast ON message (broadcast, state) WHERE broadcast IS NOT NULL;
CREATE INDEX message_by_end ON message (ended_at) WHERE ended_at IS NOT NULL;

-- A broadcast of which nothing more may go out, not even what fails and would be tried again.
CREATE TABLE broadcast_hold (
    broadcast INTEGER PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('paused', 'cancelled'))
) STRICT;

-- Whoever stood behind a message comes forward when that one is out of the way. Of each priority the first is enough:
-- the others stand behind it.
CREATE TRIGGER message_makes_way AFTER UPDATE OF state ON message
WHEN old.state IN ('waiting', 'leased') AND new.state NOT IN ('waiting', 'leased') BEGIN
    UPDATE message SET next_at = not_before WHERE id IN (
        (SELECT id FROM message WHERE chat = new.chat AND state = 'waiting' AND priority = 1 AND next_at IS NULL ORDER BY id LIMIT 1),
        (SELECT id FROM message WHERE chat = new.chat AND state = 'waiting' AND priority = 2 AND next_at IS NULL ORDER BY id LIMIT 1),
        (SELECT id FROM message WHERE chat = new.chat AND state = 'waiting' AND priority = 3 AND next_at IS NULL ORDER BY id LIMIT 1)
    );
END;

-- Whatever waits for a chat that is gone will never be told, whoever finds out.
CREATE TRIGGER message_without_chat AFTER UPDATE OF state ON chat WHEN new.state = 'gone' AND old.state <> 'gone' BEGIN
    UPDATE message SET state = 'dead', failure = 'gone', next_at = NULL, ended_at = new.state_since
    WHERE chat = new.id AND state IN ('waiting', 'paused');
END;
