-- The topic of what nobody asked for stands with each subscription: a chat has none of its own.

ALTER TABLE chat DROP COLUMN thread;
