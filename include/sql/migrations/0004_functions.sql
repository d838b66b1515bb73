-- One user's list for an application, and the checksum that compares a batch with the lake.

CREATE FUNCTION reco.recommend(user_id text, n integer DEFAULT 20, segment text DEFAULT NULL)
RETURNS TABLE (
    rank            integer,
    item_id         text,
    title           text,
    category        text,
    score           real,
    reason          text,
    reason_item_id  text,
    reason_text     text
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    chosen  record;
    wanted  text := recommend.segment;
BEGIN
    IF recommend.n IS NULL OR recommend.n < 1 THEN
        RAISE EXCEPTION 'n must be at least 1, not %', coalesce(recommend.n::text, 'null')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    SELECT serving.build, batch.positions[:recommend.n] AS positions INTO chosen
    FROM reco.serving
    INNER JOIN reco.batch ON batch.batch_id = serving.batch_id
    ORDER BY serving.variant <> 'main', serving.variant
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no batch is live yet' USING ERRCODE = 'no_data_found', HINT = 'Publish a night first.';
    END IF;

    RETURN QUERY
    SELECT
        listed.rank, item.item_id, item.title, item.category, listed.score, reason.name, reason_item.item_id,
        replace(replace(reason.text,
            '{item}', coalesce(reason_item.title, reason_item.item_id, 'something')),
            '{category}', coalesce(item.category, 'the shop'))
    FROM (
        SELECT
            unnest(chosen.positions[:cardinality(shelf.items)]) AS rank,
            unnest(shelf.items[:recommend.n]) AS item_key,
            unnest(shelf.scores[:recommend.n]) AS score,
            unnest(shelf.reasons[:recommend.n]) AS reason_code,
            unnest(shelf.reason_items[:recommend.n]) AS reason_item_key
        FROM reco.shelf
        WHERE shelf.build = chosen.build AND shelf.user_id = recommend.user_id
    ) AS listed
    LEFT JOIN reco.item ON item.item_key = listed.item_key
    LEFT JOIN reco.reason ON reason.code = listed.reason_code
    LEFT JOIN reco.item AS reason_item ON reason_item.item_key = listed.reason_item_key
    ORDER BY listed.rank;
    IF FOUND THEN
        RETURN;
    END IF;

    IF wanted IS NULL THEN
        SELECT shelf.segment INTO wanted
        FROM reco.shelf
        WHERE shelf.build = chosen.build AND shelf.user_id = recommend.user_id;
    END IF;
    -- The segment's list first; where it is too short, everybody's fills it up
    RETURN QUERY
    WITH offered AS (
        SELECT DISTINCT ON (popular.item_key)
            popular.item_key, popular.score, popular.segment = 'everybody' AS for_everybody, popular.rank
        FROM reco.popular
        WHERE popular.build = chosen.build AND popular.segment IN (wanted, 'everybody')
        ORDER BY popular.item_key, popular.segment = 'everybody'
    ), ranked AS (
        SELECT offered.*, (row_number() OVER (ORDER BY offered.for_everybody, offered.rank))::integer AS position
        FROM offered
    )
    SELECT
        ranked.position, item.item_id, item.title, item.category, ranked.score, reason.name, NULL::text, reason.text
    FROM ranked
    LEFT JOIN reco.item ON item.item_key = ranked.item_key
    LEFT JOIN reco.reason ON reason.name = CASE WHEN ranked.for_everybody THEN 'popular' ELSE 'popular_in_segment' END
    WHERE ranked.position <= recommend.n
    ORDER BY ranked.position;
END
$$;
COMMENT ON FUNCTION reco.recommend IS
    'The live list of a user, at most n entries; for somebody without one, what is popular in the segment, then with '
    'everybody. Never empty once a batch is live.';

CREATE FUNCTION reco.row_digest(
    user_id text, segment text, items anyarray, scores real[], reasons smallint[], reason_items anyarray
) RETURNS bigint
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $$
    SELECT hashtextextended(user_id, hashtextextended(
        segment, hash_record_extended(ROW(items, scores, reasons, reason_items), 0)
    ))
$$;
COMMENT ON FUNCTION reco.row_digest IS
    'Digest of one user''s lists, of item keys or of item ids; include/serving/checksum.py computes the same.';

CREATE FUNCTION reco.checksum(digests numeric) RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $$
    WITH reduced AS (
        SELECT mod(mod(coalesce(checksum.digests, 0), 18446744073709551616) + 18446744073709551616, 18446744073709551616) AS total
    )
    SELECT
        lpad(to_hex(div(reduced.total, 4294967296)::bigint), 8, '0')
        || lpad(to_hex(mod(reduced.total, 4294967296)::bigint), 8, '0')
    FROM reduced
$$;
COMMENT ON FUNCTION reco.checksum IS 'A sum of digests modulo 2^64, as 16 hex digits.';

CREATE FUNCTION reco.build_checksum(build integer) RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
AS $$
    SELECT reco.checksum(sum(reco.row_digest(
        shelf.user_id, shelf.segment, shelf.items, shelf.scores, shelf.reasons, shelf.reason_items
    )))
    FROM reco.shelf
    WHERE shelf.build = build_checksum.build
$$;
COMMENT ON FUNCTION reco.build_checksum IS
    'Checksum of what one build stores, over item keys: seconds for a million users. Publishing compares it.';

CREATE FUNCTION reco.item_ids(keys integer[]) RETURNS text[]
LANGUAGE sql
STABLE
PARALLEL SAFE
AS $$
    SELECT coalesce(array_agg(item.item_id ORDER BY listed.position), '{}')
    FROM unnest(item_ids.keys) WITH ORDINALITY AS listed (item_key, position)
    LEFT JOIN reco.item ON item.item_key = listed.item_key
$$;
COMMENT ON FUNCTION reco.item_ids IS 'The item ids of a list of keys; a key of 0 gives null.';

CREATE FUNCTION reco.batch_checksum(batch_id text) RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
AS $$
    SELECT reco.checksum(sum(reco.row_digest(
        shelf.user_id, shelf.segment, reco.item_ids(shelf.items), shelf.scores, shelf.reasons,
        reco.item_ids(shelf.reason_items)
    )))
    FROM reco.batch
    INNER JOIN reco.shelf ON shelf.build = batch.build
    WHERE batch.batch_id = batch_checksum.batch_id
$$;
COMMENT ON FUNCTION reco.batch_checksum IS
    'Checksum of the content of a batch, over item ids, to compare with the lake''s: minutes for a million users.';
