-- The tables of SQLite. Times are UTC in milliseconds; JSON columns hold what the records' docstrings describe.
CREATE TABLE IF NOT EXISTS chats (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  title TEXT NOT NULL,
  leaf_id TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  system TEXT,
  tools TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS chats_newest ON chats (owner, updated_at DESC, id DESC);

CREATE TABLE IF NOT EXISTS messages (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  chat_id TEXT NOT NULL,
  owner TEXT NOT NULL,
  parent_id TEXT,
  role TEXT NOT NULL,
  content TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  reasoning TEXT NOT NULL,
  tool_calls TEXT,
  run_id TEXT,
  model TEXT,
  error TEXT,
  usage TEXT,
  timings TEXT
);
CREATE INDEX IF NOT EXISTS messages_of_chat ON messages (chat_id, n);

CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  worker TEXT NOT NULL,
  lease INTEGER NOT NULL,
  state TEXT NOT NULL,
  seq INTEGER NOT NULL,
  usage TEXT,
  timings TEXT,
  request_id TEXT,
  request_hash TEXT,
  stop INTEGER NOT NULL DEFAULT 0,
  watched_until INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS runs_request ON runs (owner, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS runs_of_chat ON runs (chat_id);
CREATE INDEX IF NOT EXISTS runs_running ON runs (worker, lease) WHERE state = 'running';

CREATE TABLE IF NOT EXISTS run_events (
  run_id TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  events BLOB NOT NULL,
  PRIMARY KEY (run_id, first)
) WITHOUT ROWID;

-- Full text. The triggers keep it in step, whoever writes.
CREATE VIRTUAL TABLE IF NOT EXISTS message_words USING fts5(content, content='messages', content_rowid='n');
CREATE TRIGGER IF NOT EXISTS message_added AFTER INSERT ON messages BEGIN
  INSERT INTO message_words (rowid, content) VALUES (new.n, new.content);
END;
CREATE TRIGGER IF NOT EXISTS message_changed AFTER UPDATE OF content ON messages BEGIN
  INSERT INTO message_words (message_words, rowid, content) VALUES ('delete', old.n, old.content);
  INSERT INTO message_words (rowid, content) VALUES (new.n, new.content);
END;
CREATE TRIGGER IF NOT EXISTS message_removed AFTER DELETE ON messages BEGIN
  INSERT INTO message_words (message_words, rowid, content) VALUES ('delete', old.n, old.content);
END;
CREATE VIRTUAL TABLE IF NOT EXISTS chat_words USING fts5(title, content='chats', content_rowid='n');
CREATE TRIGGER IF NOT EXISTS chat_added AFTER INSERT ON chats BEGIN
  INSERT INTO chat_words (rowid, title) VALUES (new.n, new.title);
END;
CREATE TRIGGER IF NOT EXISTS chat_renamed AFTER UPDATE OF title ON chats BEGIN
  INSERT INTO chat_words (chat_words, rowid, title) VALUES ('delete', old.n, old.title);
  INSERT INTO chat_words (rowid, title) VALUES (new.n, new.title);
END;
CREATE TRIGGER IF NOT EXISTS chat_removed AFTER DELETE ON chats BEGIN
  INSERT INTO chat_words (chat_words, rowid, title) VALUES ('delete', old.n, old.title);
END;
