-- The books of the ingest: what became of each row that was delivered.

CREATE TABLE reco.ingest_account (
    table_name        text NOT NULL,
    ingest_date       date NOT NULL,
    source_file       text NOT NULL,
    fingerprint       text NOT NULL,
    records_landed    bigint NOT NULL,
    rows_landed       bigint NOT NULL,
    rows_ingested     bigint NOT NULL,
    rows_duplicate    bigint NOT NULL,
    rows_quarantined  bigint NOT NULL,
    rows_late         bigint NOT NULL,
    rows_differing    bigint NOT NULL,
    recorded_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (table_name, ingest_date, source_file),
    CONSTRAINT ingest_account_balances CHECK (rows_landed = rows_ingested + rows_duplicate + rows_quarantined),
    CONSTRAINT ingest_account_parts CHECK (rows_late <= rows_ingested AND rows_differing <= rows_duplicate),
    CONSTRAINT ingest_account_counts CHECK (
        least(records_landed, rows_ingested, rows_duplicate, rows_quarantined, rows_late, rows_differing) >= 0
    )
);
COMMENT ON TABLE reco.ingest_account IS
    'One row a day, table and delivered file; an ingest that changes a day replaces its rows. fingerprint names the '
    'day''s partition in the lake. A day without files has one row without a file''s name.';

CREATE VIEW reco.ingest_accounts AS
SELECT
    ingest_account.table_name,
    ingest_account.ingest_date,
    ingest_account.source_file,
    ingest_account.records_landed,
    ingest_account.rows_landed,
    ingest_account.rows_ingested,
    ingest_account.rows_duplicate,
    ingest_account.rows_quarantined,
    ingest_account.rows_late,
    ingest_account.rows_differing,
    ingest_account.recorded_at
FROM reco.ingest_account;

COMMENT ON VIEW reco.ingest_accounts IS
    'What became of the rows of each delivered file: rows_landed = rows_ingested + rows_duplicate + rows_quarantined.';
COMMENT ON COLUMN reco.ingest_accounts.table_name IS 'events, items or users.';
COMMENT ON COLUMN reco.ingest_accounts.ingest_date IS 'The day of the delivery, in the shop''s time zone.';
COMMENT ON COLUMN reco.ingest_accounts.source_file IS 'The delivered file; empty for a day without files.';
COMMENT ON COLUMN reco.ingest_accounts.records_landed IS
    'Records in the file; where the mapping explodes an array, one record becomes several rows.';
COMMENT ON COLUMN reco.ingest_accounts.rows_landed IS 'Rows that were read.';
COMMENT ON COLUMN reco.ingest_accounts.rows_ingested IS 'Rows that are in the lake.';
COMMENT ON COLUMN reco.ingest_accounts.rows_duplicate IS
    'Rows left out because another row of their key stands for them.';
COMMENT ON COLUMN reco.ingest_accounts.rows_quarantined IS 'Rows set aside because they break the contract.';
COMMENT ON COLUMN reco.ingest_accounts.rows_late IS
    'Of the rows ingested: events that happened before the day of their delivery.';
COMMENT ON COLUMN reco.ingest_accounts.rows_differing IS
    'Of the duplicates: those that are not equal to the row that was kept.';
COMMENT ON COLUMN reco.ingest_accounts.recorded_at IS 'When it was recorded (UTC).';

REVOKE ALL ON reco.ingest_account, reco.ingest_accounts FROM PUBLIC;
GRANT SELECT ON reco.ingest_accounts TO reco_analyst;
