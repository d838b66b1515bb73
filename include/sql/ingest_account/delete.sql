DELETE FROM reco.ingest_account
WHERE table_name = %(table_name)s AND ingest_date = %(ingest_date)s
