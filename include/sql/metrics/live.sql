SELECT
    variant,
    extract(epoch FROM run_date::timestamp AT TIME ZONE 'UTC')::double precision AS live_run_date_timestamp_seconds,
    users::double precision AS live_users,
    shortfall::double precision AS live_shortfall_users
FROM reco.batches
WHERE is_live
ORDER BY variant
