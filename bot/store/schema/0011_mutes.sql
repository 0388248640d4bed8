-- When a mute is over, a chat is told what is still going on; `listener.muted_until` stays until it has been.

CREATE INDEX listener_by_mute ON listener (muted_until) WHERE muted_until IS NOT NULL;

ALTER TABLE last_alert ADD COLUMN muted_until REAL; -- of the chat, before it was told
