-- Every row of the store, under the same keys as on a disk: see src/store/keys.rs.
CREATE TABLE records (
  key bytea PRIMARY KEY,
  value bytea NOT NULL
);

-- Who has claimed what waits in the queues (105: the inbox, 111: the outbox). Times are this server's.
CREATE TABLE work (
  queue smallint NOT NULL,
  key bigint NOT NULL,
  due bigint NOT NULL DEFAULT 0,
  lease bigint NOT NULL DEFAULT 0,
  until timestamptz,
  epoch bigint NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  PRIMARY KEY (queue, key)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE SEQUENCE inbox_keys;

-- Content files by their digest; "at" is when one was put last.
CREATE TABLE files (
  name text PRIMARY KEY,
  bytes bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

-- One row. "epoch" counts changes of the replica that leads; "historian" is the process that numbered names last.
CREATE TABLE state (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  epoch bigint NOT NULL DEFAULT 0,
  historian bigint NOT NULL DEFAULT 0
);
INSERT INTO state DEFAULT VALUES;
