CREATE SCHEMA IF NOT EXISTS reco AUTHORIZATION reco_writer;
CREATE SCHEMA IF NOT EXISTS tuning AUTHORIZATION reco_writer;
CREATE TABLE IF NOT EXISTS reco.schema_version (
    version     integer PRIMARY KEY,
    name        text NOT NULL,
    checksum    text NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE reco.schema_version OWNER TO reco_writer
