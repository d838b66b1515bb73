-- What the read API asks besides the lists.

CREATE FUNCTION reco.live_batch()
RETURNS TABLE (
    batch_id       text,
    run_date       date,
    model_version  text,
    live_since     timestamptz,
    tag            text
)
LANGUAGE plpgsql -- which keeps the plan
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        batch.batch_id, batch.run_date, batch.model_version,
        CASE WHEN serving.batch_id = live.batch_id THEN live.since ELSE transaction_timestamp() END,
        batch.batch_id || '.' || serving.build
    FROM reco.serving
    INNER JOIN reco.batch ON batch.batch_id = serving.batch_id
    INNER JOIN reco.live ON live.variant = serving.variant
    ORDER BY serving.variant <> 'main', serving.variant
    LIMIT 1;
END
$$;
COMMENT ON FUNCTION reco.live_batch IS
    'The batch that this transaction reads, the same as reco.recommend does; no row before the first is live. tag changes '
    'whenever another one, or another load of the same, is read.';
GRANT EXECUTE ON FUNCTION reco.live_batch() TO reco_analyst;
