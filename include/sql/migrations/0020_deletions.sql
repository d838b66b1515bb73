-- What housekeeping has deleted.

CREATE TABLE reco.deletion (
    deletion_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_date     date NOT NULL,
    kind         text NOT NULL,
    name         text NOT NULL,
    day          date NOT NULL,
    size_bytes   bigint NOT NULL,
    deleted_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE reco.deletion IS 'Append-only: a row is written before what it names is deleted.';

CREATE VIEW reco.deletions AS
SELECT
    deletion.deletion_id,
    deletion.run_date,
    deletion.kind,
    deletion.name,
    deletion.day,
    deletion.size_bytes,
    deletion.deleted_at
FROM reco.deletion;

COMMENT ON VIEW reco.deletions IS 'What housekeeping has deleted, one row for each folder or model version.';
COMMENT ON COLUMN reco.deletions.deletion_id IS 'Number of the deletion, ascending in time.';
COMMENT ON COLUMN reco.deletions.run_date IS 'Day from which ages were counted.';
COMMENT ON COLUMN reco.deletions.kind IS 'Setting of the policy''s section retention that it fell under.';
COMMENT ON COLUMN reco.deletions.name IS 'Folder in the landing zone, the lake or the logs, or version of the model.';
COMMENT ON COLUMN reco.deletions.day IS 'Day that it was of.';
COMMENT ON COLUMN reco.deletions.size_bytes IS 'What it took, in bytes.';
COMMENT ON COLUMN reco.deletions.deleted_at IS 'When it was deleted (UTC).';

REVOKE ALL ON reco.deletion, reco.deletions FROM PUBLIC;
REVOKE ALL ON SEQUENCE reco.deletion_deletion_id_seq FROM PUBLIC;
GRANT SELECT ON reco.deletions TO reco_analyst;
