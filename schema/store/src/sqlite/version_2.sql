-- Version 2 of the tables: what is added to version 1.

-- When a life was last looked at whole (0: never): who of it is not known to have ended was there, and was as its latest sample says.
ALTER TABLE lives ADD COLUMN seen_ns INTEGER NOT NULL DEFAULT 0;

-- Whether a process is known to have ended badly here: its ends say so too, but a list of containers counts these.
ALTER TABLE accounts ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX accounts_failed ON accounts (container) WHERE failed = 1;

-- The minute before which all its seconds stand in packs, and none in blocks.
ALTER TABLE lives ADD COLUMN packed_minute INTEGER NOT NULL DEFAULT 0;

-- The seconds of a minute that is over: all samples of some processes of a life (in parts by the numbers of the processes), column by
-- column. The key is an index of its own, as that of the blocks is.
CREATE TABLE packs (
    no           INTEGER PRIMARY KEY,
    life         INTEGER NOT NULL,
    minute       INTEGER NOT NULL,
    part         INTEGER NOT NULL,
    first_second INTEGER NOT NULL,       -- of those that it has samples of
    last_second  INTEGER NOT NULL,
    entries      INTEGER NOT NULL,       -- how many seconds of processes (and epochs) it tells of
    pack         BLOB NOT NULL,
    UNIQUE (life, minute, part)
) STRICT;

-- CPU time by core: the running totals of a life's processes in one second, packed, until its minute is over.
CREATE TABLE cpu_heads (
    life   INTEGER NOT NULL,
    second INTEGER NOT NULL,
    block  BLOB NOT NULL,
    PRIMARY KEY (life, second)
) STRICT, WITHOUT ROWID;

-- The same, kept: the seconds (0) of a minute, the minutes (1) of an hour, the hours (2) of a day, the days (3) of 64 days; in parts by the
-- numbers of the processes. The key is an index of its own, as that of `blocks`.
CREATE TABLE cpu_blocks (
    no         INTEGER PRIMARY KEY,
    life       INTEGER NOT NULL,
    resolution INTEGER NOT NULL,
    span       INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    block      BLOB NOT NULL,
    UNIQUE (life, resolution, span, part)
) STRICT;

-- CPU time by core of processes whose start is not known yet; `cpu_ns` as eight bytes, the highest first.
CREATE TABLE waiting_cpus (
    process  INTEGER NOT NULL,
    epoch_ns INTEGER NOT NULL,
    cpu      INTEGER NOT NULL,
    at_ns    INTEGER NOT NULL,
    cpu_ns   BLOB NOT NULL,
    PRIMARY KEY (process, epoch_ns, cpu, at_ns)
) STRICT, WITHOUT ROWID;
