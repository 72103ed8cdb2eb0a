-- Version 1 of the tables.
--
-- Unsigned 64-bit values stand in two's complement; nothing is ordered by them in SQL. Buckets and seconds are numbered (time divided by
-- the bucket's length), so they order as they should.

CREATE TABLE containers (
    no    INTEGER PRIMARY KEY,
    id    TEXT NOT NULL UNIQUE,
    short TEXT                           -- the first 12 characters of a 64-digit id
) STRICT;
CREATE INDEX containers_by_short ON containers (short) WHERE short IS NOT NULL;

-- One life of a container on one host. Small, because it changes with every batch.
CREATE TABLE lives (
    no             INTEGER PRIMARY KEY,
    container      INTEGER NOT NULL,
    host           TEXT NOT NULL,
    began_ns       INTEGER NOT NULL,
    last_record_ns INTEGER NOT NULL,
    sealed_minute  INTEGER NOT NULL,     -- the seconds before this one are folded into the blocks of minutes,
    sealed_hour    INTEGER NOT NULL,     -- into those of hours,
    sealed_day     INTEGER NOT NULL,     -- into those of days
    floor_second   INTEGER NOT NULL,     -- the first bucket of each resolution that is kept: what was before is pruned
    floor_minute   INTEGER NOT NULL,
    floor_hour     INTEGER NOT NULL,
    floor_day      INTEGER NOT NULL,
    UNIQUE (container, host, began_ns)
) STRICT;

-- The facts of a life; absent while only its processes are known.
CREATE TABLE statements (
    life         INTEGER PRIMARY KEY,
    stated_ns    INTEGER NOT NULL,
    ended_ns     INTEGER,
    kind         TEXT NOT NULL,
    name         TEXT NOT NULL,
    image        TEXT,
    command      TEXT,
    labels       TEXT NOT NULL,          -- a JSON object
    memory_bytes INTEGER,
    cpu_milli    INTEGER,
    pids         INTEGER,
    cgroup       TEXT NOT NULL,
    uid          INTEGER
) STRICT;

CREATE TABLE processes (
    no INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE
) STRICT;

-- A process in one container: how it began or came in, and which of its records belong here.
CREATE TABLE accounts (
    container     INTEGER NOT NULL,
    process       INTEGER NOT NULL,
    life          INTEGER NOT NULL,
    after_ns      INTEGER,               -- records after this instant (NULL: from the beginning)
    until_ns      INTEGER NOT NULL,      -- up to and at this one
    open          INTEGER NOT NULL,      -- not known to have ended
    pid           INTEGER NOT NULL,
    container_pid INTEGER,
    parent        BLOB,
    parent_pid    INTEGER,
    uid           INTEGER,
    start_ns      INTEGER NOT NULL,
    entered_ns    INTEGER NOT NULL,
    is_root       INTEGER NOT NULL,
    baseline      BLOB,
    name          TEXT NOT NULL,
    PRIMARY KEY (container, process)
) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_by_process ON accounts (process);
CREATE INDEX accounts_open ON accounts (container, open);
CREATE INDEX accounts_based ON accounts (container) WHERE baseline IS NOT NULL;

CREATE TABLE execs (
    process   INTEGER NOT NULL,
    at_ns     INTEGER NOT NULL,
    name      TEXT NOT NULL,
    exe       TEXT,
    args      TEXT,                      -- a JSON array
    args_cut  INTEGER NOT NULL,
    inherited INTEGER NOT NULL,
    PRIMARY KEY (process, at_ns)
) STRICT, WITHOUT ROWID;

-- Every different statement of how a process ended or left; -1 where there is no code or signal.
CREATE TABLE ends (
    process     INTEGER NOT NULL,
    at_ns       INTEGER NOT NULL,
    exit_code   INTEGER NOT NULL,
    signal      INTEGER NOT NULL,
    core_dumped INTEGER NOT NULL,
    oom_killed  INTEGER NOT NULL,
    unseen      INTEGER NOT NULL,
    PRIMARY KEY (process, at_ns, exit_code, signal, core_dumped, oom_killed, unseen)
) STRICT, WITHOUT ROWID;

-- What the processes of a life did in one second (0), minute (1), hour (2) or day (3), packed: all samples of a second, the last of each
-- process in the others. One row, so that writing a second touches one place of the file; in parts by the numbers of the processes
-- from the minute on, so that no row grows without end. The key is an index of its own: a search in it must not read the blocks it
-- passes by.
CREATE TABLE blocks (
    no         INTEGER PRIMARY KEY,
    life       INTEGER NOT NULL,
    resolution INTEGER NOT NULL,
    bucket     INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    entries    INTEGER NOT NULL,         -- how many processes (and epochs) it tells of
    block      BLOB NOT NULL,
    UNIQUE (life, resolution, bucket, part)
) STRICT;

-- Samples of processes whose start is not known yet.
CREATE TABLE waiting (
    process  INTEGER NOT NULL,
    epoch_ns INTEGER NOT NULL,
    at_ns    INTEGER NOT NULL,
    sample   BLOB NOT NULL,
    PRIMARY KEY (process, epoch_ns, at_ns)
) STRICT, WITHOUT ROWID;

CREATE TABLE losses (
    host        TEXT NOT NULL,
    recorder_ns INTEGER NOT NULL,
    container   TEXT NOT NULL,           -- '' for those of a whole host
    second      INTEGER NOT NULL,
    reason      INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    cpu_ns      INTEGER NOT NULL,
    PRIMARY KEY (container, second, host, recorder_ns, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX losses_by_second ON losses (second);
