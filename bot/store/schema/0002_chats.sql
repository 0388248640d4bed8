-- The chats that the bot talks to, with what was set in each. Who says what in them is not kept.
-- Whatever else belongs to a chat has a column `chat` that REFERENCES chat (id) ON DELETE CASCADE: so it is forgotten
-- together with the chat, and follows when the chat's id changes (bot.store.chats).

CREATE TABLE chat (
    id TEXT PRIMARY KEY, -- by the transport's name for it: "telegram:-1001234567890"
    kind TEXT NOT NULL CHECK (kind IN ('private', 'group', 'channel')),
    language TEXT, -- chosen in the chat; without one each person's own is spoken
    thread INTEGER, -- the topic for what nobody asked for at the moment; without one the general topic
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'muted', 'gone')),
    state_since REAL NOT NULL -- seconds since 1970
) STRICT;

CREATE INDEX chat_by_state ON chat (state, state_since);

-- What a button says whose command is too long for the messenger to carry.
CREATE TABLE button (
    token TEXT PRIMARY KEY,
    command TEXT NOT NULL,
    made_at REAL NOT NULL -- seconds since 1970
) STRICT;

CREATE INDEX button_by_age ON button (made_at);
