ALTER TABLE job DROP COLUMN unanswered;
ALTER TABLE job DROP COLUMN tried_since;
