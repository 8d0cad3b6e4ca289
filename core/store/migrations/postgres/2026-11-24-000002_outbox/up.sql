-- The outbox: since when a mail is being tried (none before the first failure), and how
-- often it was handed over without an answer.
ALTER TABLE job ADD COLUMN tried_since BIGINT;
ALTER TABLE job ADD COLUMN unanswered BIGINT NOT NULL DEFAULT 0;
