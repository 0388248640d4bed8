-- Stories about access, found by their words and by the services that they are about; and how reading each feed goes.

CREATE TABLE story (
    id INTEGER PRIMARY KEY,
    feed TEXT NOT NULL,
    language TEXT NOT NULL,
    url TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    published_at REAL, -- in seconds since 1970, as all times here; NULL: the feed does not say
    at REAL NOT NULL, -- when it was published or, if nobody knows, first seen
    subjects TEXT NOT NULL, -- ids of services, separated by blanks
    access INTEGER NOT NULL CHECK (access IN (0, 1)), -- whether it belongs to the news about access as such
    stems TEXT NOT NULL, -- of the title, for finding other tellings of the story
    same_as INTEGER REFERENCES story (id) ON DELETE SET NULL -- the first telling of it
) STRICT;

CREATE INDEX story_by_time ON story (at);
CREATE INDEX story_latest ON story (at) WHERE access = 1 AND same_as IS NULL;
CREATE INDEX story_by_feed ON story (feed);
CREATE INDEX story_by_first ON story (same_as) WHERE same_as IS NOT NULL;

CREATE VIRTUAL TABLE story_words USING fts5 (subjects, words, tokenize = "unicode61 remove_diacritics 2 tokenchars '-._'");

CREATE TRIGGER story_words_follow AFTER DELETE ON story BEGIN
    DELETE FROM story_words WHERE rowid = old.id;
END;

CREATE TABLE feed_state (
    feed TEXT PRIMARY KEY,
    url TEXT NOT NULL, -- as it was configured: what follows is of no use for another one
    next_at REAL NOT NULL,
    moved_to TEXT, -- where the server says that it is for good
    etag TEXT,
    modified TEXT,
    digest TEXT NOT NULL, -- of the last body, for servers without conditional requests
    succeeded_at REAL,
    entries INTEGER NOT NULL, -- in the last body that was read
    failures INTEGER NOT NULL, -- in a row
    error TEXT NOT NULL -- of the last attempt, empty if there was none
) STRICT;
