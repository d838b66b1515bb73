SELECT json_build_object(
    'batch_id', live.batch_id,
    'run_date', live.run_date,
    'model_version', live.model_version,
    'live_since', live.live_since,
    'age_seconds', extract(epoch FROM now() - live.live_since)
)::text AS body
FROM (VALUES (1)) AS always
LEFT JOIN reco.live_batch() AS live ON true
