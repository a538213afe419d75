-- The records of all journals. The same record twice is one row, once parts are merged
-- or where a query says FINAL. Another record under the same number is a row of its own:
-- it replaces nothing, and verifying finds it.
CREATE TABLE IF NOT EXISTS audit
(
    origin LowCardinality(String),
    sequence UInt64,
    record String, -- as the journal has it: a leaf of its tree
    recorded_at DateTime64(9, 'UTC'),
    event_type LowCardinality(String),
    outcome LowCardinality(String),
    severity LowCardinality(String),
    actor_id String,
    component LowCardinality(String),
    environment LowCardinality(String),
    resource String,
    message String,
    payload String,
    policy_tags Array(LowCardinality(String)),
    sensitivity LowCardinality(String)
)
ENGINE = ReplacingMergeTree
PRIMARY KEY (origin, sequence)
ORDER BY (origin, sequence, SHA256(record))
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS checkpoints
(
    origin LowCardinality(String),
    size UInt64,
    checkpoint String -- a signed note
)
ENGINE = ReplacingMergeTree
ORDER BY (origin, size, checkpoint)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
