-- Version 2 of the tables: what is added to version 1.

-- When a life was last looked at whole (0: never): who of it is not known to have ended was there, and was as its latest sample says.
ALTER TABLE lives ADD COLUMN seen_ns INTEGER NOT NULL DEFAULT 0;
