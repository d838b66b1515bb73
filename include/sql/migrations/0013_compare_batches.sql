-- Two stored batches side by side, on a sample: the page in Airflow's UI asks for it.

CREATE FUNCTION reco.compare_batches(before text, after text, sample integer DEFAULT 2000)
RETURNS TABLE (
    user_id       text,
    length_before integer,
    length_after  integer,
    kept          integer,
    users         integer
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    old        record;
    new        record;
    asked      integer := greatest(1, least(compare_batches.sample, 10000));
    wanted     double precision;
BEGIN
    SELECT batch.build, batch.n_users INTO old
    FROM reco.batch WHERE batch.batch_id = compare_batches.before AND batch.state = 'stored';
    SELECT batch.build, batch.n_users INTO new
    FROM reco.batch WHERE batch.batch_id = compare_batches.after AND batch.state = 'stored';
    IF old.build IS NULL OR new.build IS NULL THEN
        RAISE EXCEPTION 'batch % is not stored',
            CASE WHEN old.build IS NULL THEN compare_batches.before ELSE compare_batches.after END
            USING ERRCODE = 'no_data_found', HINT = 'reco.batches names those that are.';
    END IF;
    -- A little more than asked for: what SYSTEM reads is whole blocks, chosen by the seed
    wanted := least(100, 120.0 * asked / greatest(new.n_users, 1));
    RETURN QUERY EXECUTE format(
        'SELECT now.user_id, cardinality(was.items), cardinality(now.items),
                (SELECT count(*)::integer FROM unnest(now.items) AS item_key WHERE item_key = ANY(was.items)), %s
         FROM (
             SELECT shelf.user_id, shelf.items
             FROM reco.shelf TABLESAMPLE SYSTEM (%s) REPEATABLE (1)
             WHERE shelf.build = %s
             LIMIT %s
         ) AS now
         LEFT JOIN reco.shelf AS was ON was.build = %s AND was.user_id = now.user_id',
        new.n_users, wanted, new.build, asked, old.build
    );
END
$$;
COMMENT ON FUNCTION reco.compare_batches IS
    'For a sample of the users of batch after, always the same: how long their lists are in both batches (null before '
    'for a user who is new) and how many entries they share. users is the number of all users of batch after.';

REVOKE ALL ON FUNCTION reco.compare_batches FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reco.compare_batches TO reco_analyst;
