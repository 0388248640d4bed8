"""News as links and pages, and how the feeds are doing."""

from __future__ import annotations

NEWS = "In the news"
ALL_NEWS = "News about access"
NEWS_OF = "News: {asked}"
NO_NEWS = "I know no recent news about access."
NO_NEWS_OF = "I know no recent news: {asked}."
NO_MORE_NEWS = "There are no more."
STORY = "{title} ({source}, {ago})"
STORY_UNDATED = "{title} ({source})"
NEWER_BUTTON = "◀ Newer"
OLDER_BUTTON = "Older ▶"
FEEDS = (
    "{count} feed (failing: {failing}; not read yet: {unread})",
    "{count} feeds (failing: {failing}; not read yet: {unread})",
)
FEED_UNREAD = "{id}: not read yet"
FEED_READ = "{id}: {read}"
FEED_FAILING = "{id}: failed {failures}× in a row ({error}); {read}"
FEED_LAST = ("{count} entry {ago}", "{count} entries {ago}")
FEED_NEVER = "never read"
