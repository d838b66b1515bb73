-- Lists for placements, within a category, and of users. What is called as before gives what it gave before.

SELECT reco.add_list_kind(
    'popular_by_placement', key => 'segment', scope => 'placement', with_function => false,
    about => 'What each placement offers to somebody unknown, by segment.',
    key_text => 'The users'' segment, a country or so; everybody is all of them together.',
    scope_text => 'The placement, as the policy names it.'
);

SELECT reco.add_list_kind(
    'best_sellers', key => 'category', scope => 'segment', about => 'What most users bought lately, by category.',
    key_text => 'The category; empty for all items together.',
    scope_text => 'The users'' segment, a country or so; everybody is all of them together.',
    figures => '{sold}', figure_texts => '{"Recent buyers in the segment."}', key_default => '',
    scope_default => 'everybody'
);

-- The items of a user for a placement, best first, as positions in falling preference:
--   1 the user's list of that placement, 2 the user's other lists (only within a category), 3 the category's best
--   sellers, 4 what is popular at the placement in the segment, 5 with everybody
CREATE FUNCTION reco.offer(build integer, user_id text, n integer, segment text, placement text, category text)
RETURNS TABLE (item_key integer, score real, reason_code smallint, reason_item_key integer, place bigint)
LANGUAGE plpgsql
STABLE
AS $$
#variable_conflict use_column
DECLARE
    wanted  text := coalesce(offer.segment, (
        SELECT shelf.segment FROM reco.shelf WHERE shelf.build = offer.build AND shelf.user_id = offer.user_id
    ));
BEGIN
    RETURN QUERY
    WITH lists AS (
        SELECT 'home' AS placement, 1 AS preference, shelf.items, shelf.scores, shelf.reasons, shelf.reason_items
        FROM reco.shelf
        WHERE shelf.build = offer.build AND shelf.user_id = offer.user_id
          AND (offer.placement = 'home' OR offer.category IS NOT NULL)
        UNION ALL
        SELECT other.placement, 1, other.items, other.scores, other.reasons, other.reason_items
        FROM reco.placements_shelf AS other
        WHERE other.build = offer.build AND other.user_id = offer.user_id
          AND (offer.placement = other.placement OR offer.category IS NOT NULL)
        UNION ALL
        SELECT 'home', 3, sold.items, sold.scores, sold.reasons, sold.reason_items
        FROM reco.best_sellers_shelf AS sold
        WHERE offer.category IS NOT NULL
          AND sold.build = offer.build AND sold.category = offer.category AND sold.segment = 'everybody'
        UNION ALL
        SELECT
            'home', CASE WHEN popular.segment = 'everybody' THEN 5 ELSE 4 END,
            array_agg(popular.item_key ORDER BY popular.rank), array_agg(popular.score ORDER BY popular.rank),
            array_agg(CASE WHEN popular.segment = 'everybody' THEN 4 ELSE 2 END::smallint),
            array_agg(0)
        FROM reco.popular
        WHERE offer.placement = 'home' AND popular.build = offer.build AND popular.segment IN (wanted, 'everybody')
        GROUP BY popular.segment
        UNION ALL
        SELECT offer.placement, CASE WHEN popular.segment = 'everybody' THEN 5 ELSE 4 END,
            popular.items, popular.scores, popular.reasons, popular.reason_items
        FROM reco.popular_by_placement_shelf AS popular
        WHERE popular.build = offer.build AND popular.placement = offer.placement
          AND popular.segment IN (wanted, 'everybody')
    ), offered AS (
        SELECT
            entry.item_key, entry.score, entry.reason_code, entry.reason_item_key, entry.rank,
            lists.preference + (lists.preference = 1 AND lists.placement <> offer.placement)::integer AS preference
        FROM lists
        CROSS JOIN LATERAL unnest(lists.items, lists.scores, lists.reasons, lists.reason_items)
            WITH ORDINALITY AS entry (item_key, score, reason_code, reason_item_key, rank)
    ), fitting AS (
        SELECT DISTINCT ON (offered.item_key) offered.*
        FROM offered
        WHERE CASE
            WHEN offer.category IS NULL
                THEN offered.preference = 1 OR NOT EXISTS (SELECT FROM offered AS own WHERE own.preference = 1)
            ELSE EXISTS (
                SELECT FROM reco.item WHERE item.item_key = offered.item_key AND item.category = offer.category
            )
        END
        ORDER BY offered.item_key, offered.preference, offered.rank
    )
    SELECT
        fitting.item_key, fitting.score, fitting.reason_code, fitting.reason_item_key,
        row_number() OVER (ORDER BY fitting.preference, fitting.rank)
    FROM fitting
    ORDER BY fitting.preference, fitting.rank
    LIMIT offer.n;
END
$$;
COMMENT ON FUNCTION reco.offer IS 'What reco.recommend shows for a placement or within a category.';

-- A function cannot have an argument and a result column of one name, but its result can be a type that has it
CREATE TYPE reco.recommendation AS (
    rank            integer,
    item_id         text,
    title           text,
    category        text,
    score           real,
    reason          text,
    reason_item_id  text,
    reason_text     text
);
COMMENT ON TYPE reco.recommendation IS 'One entry of what reco.recommend gives.';

CREATE FUNCTION reco.reason_text(wording text, named reco.item, category text) RETURNS text
LANGUAGE sql
STABLE
AS $$
    SELECT replace(
        replace(wording, '{item}', coalesce(named.title, named.item_id, 'something')),
        '{category}', coalesce(category, 'the shop')
    )
$$;
COMMENT ON FUNCTION reco.reason_text IS 'A reason in words: names for the marks in its text.';

DROP FUNCTION reco.recommend(text, integer, text);

CREATE FUNCTION reco.recommend(
    user_id text, n integer DEFAULT 20, segment text DEFAULT NULL, placement text DEFAULT 'home',
    category text DEFAULT NULL
) RETURNS SETOF reco.recommendation
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    n         integer := reco.check_n(recommend.n);
    live      integer := reco.serving_build();
    within    text := recommend.category;
    there     text := coalesce(recommend.placement, 'home');
    known     text[];
BEGIN
    IF there = 'home' AND within IS NULL THEN
        RETURN QUERY
        SELECT
            listed.rank::integer, item.item_id, item.title, item.category, listed.score, reason.name,
            reason_item.item_id, reco.reason_text(reason.text, reason_item, item.category)
        FROM reco.shelf
        CROSS JOIN LATERAL unnest(shelf.items[:n], shelf.scores[:n], shelf.reasons[:n], shelf.reason_items[:n])
            WITH ORDINALITY AS listed (item_key, score, reason_code, reason_item_key, rank)
        LEFT JOIN reco.item ON item.item_key = listed.item_key
        LEFT JOIN reco.reason ON reason.code = listed.reason_code
        LEFT JOIN reco.item AS reason_item ON reason_item.item_key = listed.reason_item_key
        WHERE shelf.build = live AND shelf.user_id = recommend.user_id
        ORDER BY listed.rank;
        IF FOUND THEN
            RETURN;
        END IF;
    ELSIF there <> 'home' THEN
        SELECT array_agg(DISTINCT popular.placement) INTO known
        FROM reco.popular_by_placement_shelf AS popular
        WHERE popular.build = live;
        IF there <> ALL (coalesce(known, '{}')) THEN
            RAISE EXCEPTION 'there is no placement %', there
                USING ERRCODE = 'invalid_parameter_value',
                HINT = 'The live batch has home' || coalesce(', ' || array_to_string(known, ', '), '') || '.';
        END IF;
    END IF;
    FOR attempt IN 1 .. 2 LOOP
        RETURN QUERY
        SELECT
            offered.place::integer, item.item_id, item.title, item.category, offered.score, reason.name,
            reason_item.item_id, reco.reason_text(reason.text, reason_item, item.category)
        FROM reco.offer(live, recommend.user_id, n, recommend.segment, there, within) AS offered
        LEFT JOIN reco.item ON item.item_key = offered.item_key
        LEFT JOIN reco.reason ON reason.code = offered.reason_code
        LEFT JOIN reco.item AS reason_item ON reason_item.item_key = offered.reason_item_key
        ORDER BY offered.place;
        EXIT WHEN FOUND;
        -- Nothing of such a category is on sale
        there := 'home';
        within := NULL;
    END LOOP;
END
$$;
COMMENT ON FUNCTION reco.recommend(text, integer, text, text, text) IS
    'The live list of a user at a placement, at most n entries; for somebody without one, what is popular there. Within a '
    'category: what of it is in the user''s lists, then its best sellers. Never empty once a batch is live.';

CREATE FUNCTION reco.audience(
    item_id text DEFAULT NULL, n integer DEFAULT 100, category text DEFAULT NULL, brand text DEFAULT NULL
) RETURNS TABLE (rank integer, user_id text, score real, reason text)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    chosen  record;
    n       integer := reco.check_n(audience.n);
BEGIN
    IF num_nonnulls(audience.item_id, audience.category, audience.brand) <> 1 THEN
        RAISE EXCEPTION 'give one of item_id, category and brand' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT lists.* INTO chosen
    FROM reco.audience_shelf AS lists
    WHERE lists.build = reco.serving_build()
      AND lists.value = coalesce(audience.item_id, audience.category, audience.brand)
      AND lists.subject = CASE
          WHEN audience.item_id IS NOT NULL THEN 'item' WHEN audience.category IS NOT NULL THEN 'category' ELSE 'brand'
      END;
    RETURN QUERY
    SELECT listed.rank::integer, listed.user_id, listed.score, reason.name
    FROM unnest(chosen.users[:n], chosen.scores[:n], chosen.reasons[:n])
        WITH ORDINALITY AS listed (user_id, score, reason_code, rank)
    LEFT JOIN reco.reason ON reason.code = listed.reason_code
    ORDER BY listed.rank;
END
$$;
COMMENT ON FUNCTION reco.audience IS
    'The users who would like an item, a category or a brand most, at most n and those of the policy''s lists.audience.';

REVOKE EXECUTE ON FUNCTION reco.recommend(text, integer, text, text, text), reco.audience, reco.offer FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reco.recommend(text, integer, text, text, text), reco.audience TO reco_analyst;
