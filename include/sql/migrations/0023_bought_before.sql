-- What the reason bought_again says: how often a user bought an item of the user's lists, and when last.

INSERT INTO reco.reason (code, name, text) VALUES
    (16, 'bought_again', 'bought {times}, last {days}');
COMMENT ON COLUMN reco.reasons.text IS
    'What to tell the user; {item} and {category} stand for titles, {times} and {days} for how often and how long ago.';

SELECT reco.add_list_kind(
    'bought_before', key => 'user_id', with_function => false,
    about => 'What is in users'' lists because they bought it before.',
    key_text => 'The shop''s own identifier of the user.', figures => '{purchases,days_since}',
    figure_texts => ARRAY[
        'How often the user bought it and kept it, within the training set''s window.',
        'Days from the last time to the day after the run date, which the lists are for.'
    ]
);

CREATE FUNCTION reco.reason_text(wording text, named reco.item, category text, times real, days real) RETURNS text
LANGUAGE sql
STABLE
AS $$
    SELECT replace(
        replace(
            reco.reason_text(wording, named, category),
            '{times}', CASE times WHEN 1 THEN 'once' WHEN 2 THEN 'twice' ELSE coalesce(times || ' times', 'before') END
        ),
        '{days}', CASE days WHEN 1 THEN 'yesterday' ELSE coalesce(days || ' days ago', 'some time ago') END
    )
$$;
COMMENT ON FUNCTION reco.reason_text(text, reco.item, text, real, real) IS
    'A reason in words: names and figures for the marks in its text.';

CREATE OR REPLACE FUNCTION reco.recommend(
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
    bought    record;
BEGIN
    SELECT lists.items, lists.purchases, lists.days_since INTO bought
    FROM reco.bought_before_shelf AS lists
    WHERE lists.build = live AND lists.user_id = recommend.user_id AND lists.scope = '';
    IF there = 'home' AND within IS NULL THEN
        RETURN QUERY
        SELECT
            listed.rank::integer, item.item_id, item.title, item.category, listed.score, reason.name,
            reason_item.item_id,
            reco.reason_text(
                reason.text, reason_item, item.category, bought.purchases[array_position(bought.items, listed.item_key)],
                bought.days_since[array_position(bought.items, listed.item_key)]
            )
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
            reason_item.item_id,
            reco.reason_text(
                reason.text, reason_item, item.category, bought.purchases[array_position(bought.items, offered.item_key)],
                bought.days_since[array_position(bought.items, offered.item_key)]
            )
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
