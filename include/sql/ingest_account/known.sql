SELECT DISTINCT
    table_name,
    ingest_date,
    fingerprint
FROM reco.ingest_account
