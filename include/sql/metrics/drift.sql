SELECT DISTINCT ON (variant)
    variant,
    verdict,
    coalesce(outcome, 'open') AS outcome,
    extract(epoch FROM day::timestamp AT TIME ZONE 'UTC')::double precision AS drift_day_timestamp_seconds
FROM reco.drift_reports
ORDER BY variant, day DESC
