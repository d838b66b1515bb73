SELECT DISTINCT ON (variant)
    variant,
    extract(epoch FROM run_date::timestamp AT TIME ZONE 'UTC')::double precision AS night_run_date_timestamp_seconds,
    landed::double precision AS night_landed_rows,
    ingested::double precision AS night_ingested_rows,
    duplicates::double precision AS night_duplicate_rows,
    quarantined::double precision AS night_quarantined_rows
FROM reco.nightly_runs
ORDER BY variant, run_date DESC
