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
  tools TEXT NOT NULL DEFAULT '[]',
  params TEXT NOT NULL DEFAULT '{}',
  pinned INTEGER NOT NULL DEFAULT 0,
  archived INTEGER NOT NULL DEFAULT 0,
  titled TEXT NOT NULL DEFAULT 'user',
  share TEXT
);
-- The list is read shelf by shelf, a search reads all of them.
CREATE INDEX IF NOT EXISTS chats_newest ON chats (owner, updated_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS chats_shelved ON chats (owner, archived, pinned, updated_at DESC, id DESC);
CREATE UNIQUE INDEX IF NOT EXISTS chats_shared ON chats (share) WHERE share IS NOT NULL;

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
  timings TEXT,
  files TEXT
);
CREATE INDEX IF NOT EXISTS messages_of_chat ON messages (chat_id, n);

-- Files of questions; those without a message wait for one. The bytes come last: what else is read of a row lies before them.
CREATE TABLE IF NOT EXISTS files (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  chat_id TEXT,
  message_id TEXT,
  data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS files_of_chat ON files (chat_id, message_id) WHERE chat_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS files_waiting ON files (created_at) WHERE chat_id IS NULL;

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
-- Orders are looked for five times a second: of thousands of Runs, only in those that were ever given one.
CREATE INDEX IF NOT EXISTS runs_ordered ON runs (worker) WHERE state = 'running' AND (stop <> 0 OR watched_until <> 0);

CREATE TABLE IF NOT EXISTS presets (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  system TEXT NOT NULL,
  params TEXT NOT NULL,
  is_default INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS presets_of_owner ON presets (owner, name);

-- Batches of events, in the order they came: a commit with one of each of a thousand Runs fills pages one after the other.
-- By Run, each lay on a page of its own, and a commit wrote four times as many.
CREATE TABLE IF NOT EXISTS run_batches (
  n INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  events BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS run_batches_of_run ON run_batches (run_id, first);

-- Full text: a row for each chat, in which stand the words of its title and of all its messages. Each insertion with a
-- chat's number adds words to that row (a table without content keeps nothing else, and of two entries for one word and
-- row the newer counts), so that a message costs its own words only, however long its chat. A word that goes may still
-- stand elsewhere in the chat: after it was taken out, all that is left is added again. FTS5 counts insertions and
-- deletions: never delete what was not inserted, text by text, or it takes itself for damaged.
-- The triggers keep it in step; what another program writes is added with our next transaction. Messages that are there
-- before their chat are added with it.
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, content='', detail=none, columnsize=0);
-- So many of a transaction's lists of words lie beside each other before they are merged: FTS5 would begin with 4.
INSERT INTO words (words, rank) VALUES ('automerge', 8);
-- New words wait for the end of their transaction, and are added together (sqlite_words.py): FTS5 writes a list of its own
-- for each statement with a trigger, and whenever a row's number is not above the last one's. An answer with its question
-- cost 345 µs of a transaction for five of them, and costs 265.
CREATE TABLE IF NOT EXISTS new_words (at INTEGER PRIMARY KEY, n INTEGER NOT NULL, text TEXT NOT NULL);
-- The triggers are made anew each time: an older version had others of these names.
DROP TRIGGER IF EXISTS words_of_chat;
CREATE TRIGGER words_of_chat AFTER INSERT ON chats BEGIN
  INSERT INTO new_words (n, text) SELECT n, text FROM chat_texts WHERE chat_id = new.id;
END;
DROP TRIGGER IF EXISTS words_of_message;
CREATE TRIGGER words_of_message AFTER INSERT ON messages WHEN new.content <> '' BEGIN
  INSERT INTO new_words (n, text) SELECT n, new.content FROM chats WHERE id = new.chat_id;
END;
DROP TRIGGER IF EXISTS words_of_answer;
CREATE TRIGGER words_of_answer AFTER UPDATE OF content ON messages
WHEN old.content = '' AND new.content <> '' BEGIN
  INSERT INTO new_words (n, text) SELECT n, new.content FROM chats WHERE id = new.chat_id;
END;
-- What is taken out has to be in: first goes in what still waits.
DROP TRIGGER IF EXISTS words_of_changed_message;
CREATE TRIGGER words_of_changed_message AFTER UPDATE OF content ON messages
WHEN old.content <> '' AND old.content <> new.content BEGIN
  INSERT INTO words (rowid, text) SELECT n, text FROM new_words;
  DELETE FROM new_words;
  INSERT INTO words (words, rowid, text) SELECT 'delete', n, old.content FROM chats WHERE id = new.chat_id;
  INSERT INTO words (rowid, text) SELECT n, text FROM chat_texts WHERE chat_id = new.chat_id;
END;
DROP TRIGGER IF EXISTS words_of_renamed_chat;
CREATE TRIGGER words_of_renamed_chat AFTER UPDATE OF title ON chats WHEN old.title <> new.title BEGIN
  INSERT INTO words (rowid, text) SELECT n, text FROM new_words;
  DELETE FROM new_words;
  INSERT INTO words (words, rowid, text) VALUES ('delete', new.n, old.title);
  INSERT INTO words (rowid, text) SELECT n, text FROM chat_texts WHERE chat_id = new.id;
END;
DROP TRIGGER IF EXISTS words_of_deleted_chat;
CREATE TRIGGER words_of_deleted_chat BEFORE DELETE ON chats BEGIN
  INSERT INTO words (rowid, text) SELECT n, text FROM new_words;
  DELETE FROM new_words;
  INSERT INTO words (words, rowid, text) SELECT 'delete', n, text FROM chat_texts WHERE chat_id = old.id;
END;
DROP VIEW IF EXISTS texts;
-- A chat's texts, its title with the first. Messages stored one after the other come as one: an import of 10 000 takes
-- 0.6 s so, and 1.3 s one by one.
CREATE VIEW IF NOT EXISTS chat_texts (chat_id, n, text) AS
  SELECT id, n, title FROM chats
  WHERE NOT EXISTS (SELECT 1 FROM messages WHERE chat_id = chats.id AND content <> '')
  UNION ALL
  SELECT chat_id, chats.n, iif(min(messages.n) = (
    SELECT n FROM messages AS first WHERE first.chat_id = chats.id AND content <> '' ORDER BY n LIMIT 1
  ), title || char(10), '') || group_concat(content, char(10))
  FROM chats JOIN messages ON chat_id = chats.id WHERE content <> '' GROUP BY chat_id, messages.n / 32;
