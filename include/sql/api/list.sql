SELECT
    live.tag,
    CASE WHEN NOT live.tag = ANY ($1::text[]) AND NOT '*' = ANY ($1::text[]) THEN json_build_object(
        'batch_id', live.batch_id,
        'run_date', live.run_date,
        'entries', (SELECT coalesce(json_agg(listed ORDER BY listed.rank), '[]') FROM {call} AS listed)
    )::text END AS body
FROM reco.live_batch() AS live
