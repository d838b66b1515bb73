INSERT INTO reco.ingest_account (
    table_name, ingest_date, source_file, fingerprint, records_landed,
    rows_landed, rows_ingested, rows_duplicate, rows_quarantined, rows_late, rows_differing
)
VALUES (
    %(table_name)s, %(ingest_date)s, %(source_file)s, %(fingerprint)s, %(records)s,
    %(landed)s, %(ingested)s, %(duplicates)s, %(quarantined)s, %(late)s, %(differing)s
)
