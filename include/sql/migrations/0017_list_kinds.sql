-- Lists of many kinds in one batch. A kind is one call of reco.add_list_kind and one row of include/list_kinds.py.

CREATE TABLE reco.list_kind (
    kind        text PRIMARY KEY,
    table_name  text NOT NULL UNIQUE,
    key         text NOT NULL,
    scope       text NOT NULL,
    member      text NOT NULL CHECK (member IN ('item', 'user')),
    figures     text[] NOT NULL
);
COMMENT ON TABLE reco.list_kind IS
    'One row a kind of lists. Its table is partitioned by build as reco.shelf is; key and scope name a list, figures are '
    'arrays beside the scores.';
INSERT INTO reco.list_kind VALUES ('recommendations', 'shelf', 'user_id', 'segment', 'item', '{}');

CREATE TABLE reco.batch_list (
    batch_id   text NOT NULL REFERENCES reco.batch,
    kind       text NOT NULL REFERENCES reco.list_kind,
    n_lists    integer NOT NULL,
    n_full     integer NOT NULL,
    n_rows     bigint NOT NULL,
    n_items    integer NOT NULL,
    checksum   text NOT NULL,
    positions  integer[] NOT NULL,
    PRIMARY KEY (batch_id, kind)
);
COMMENT ON TABLE reco.batch_list IS 'One row a batch and kind of lists; positions as in reco.batch.';

CREATE VIEW reco.batch_lists AS
SELECT
    batch_list.batch_id,
    batch.run_date,
    batch.variant,
    batch_list.kind,
    batch_list.n_lists AS lists,
    batch_list.n_full AS full_lists,
    batch_list.n_rows AS entries,
    batch_list.n_items AS items,
    batch_list.checksum,
    serving.batch_id IS NOT NULL AS is_live
FROM reco.batch_list
INNER JOIN reco.batch ON batch.batch_id = batch_list.batch_id
LEFT JOIN reco.serving ON serving.batch_id = batch.batch_id AND serving.variant = batch.variant;
COMMENT ON VIEW reco.batch_lists IS 'How many lists of each kind every batch had.';
COMMENT ON COLUMN reco.batch_lists.batch_id IS 'The batch: its run date and a fingerprint of everything it was made from.';
COMMENT ON COLUMN reco.batch_lists.run_date IS 'The night''s run date.';
COMMENT ON COLUMN reco.batch_lists.variant IS 'The variant that the batch was made for.';
COMMENT ON COLUMN reco.batch_lists.kind IS 'The kind of lists: the name of its view.';
COMMENT ON COLUMN reco.batch_lists.lists IS 'Number of lists, empty ones included.';
COMMENT ON COLUMN reco.batch_lists.full_lists IS 'Number of lists that hold something.';
COMMENT ON COLUMN reco.batch_lists.entries IS 'Number of entries, over all lists.';
COMMENT ON COLUMN reco.batch_lists.items IS 'Number of different items in the lists; 0 where they hold users.';
COMMENT ON COLUMN reco.batch_lists.checksum IS 'Checksum of these lists; the batch''s is their sum modulo 2^64.';
COMMENT ON COLUMN reco.batch_lists.is_live IS 'True when readers see them.';
GRANT SELECT ON reco.batch_lists TO reco_analyst;

CREATE FUNCTION reco.serving_build(OUT build integer)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT serving.build INTO serving_build.build
    FROM reco.serving
    ORDER BY serving.variant <> 'main', serving.variant
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no batch is live yet' USING ERRCODE = 'no_data_found', HINT = 'Publish a night first.';
    END IF;
END
$$;
COMMENT ON FUNCTION reco.serving_build IS 'The build that the functions for applications read.';

CREATE FUNCTION reco.check_n(n integer) RETURNS integer
LANGUAGE plpgsql
IMMUTABLE
AS $$
BEGIN
    IF n IS NULL OR n < 1 THEN
        RAISE EXCEPTION 'n must be at least 1, not %', coalesce(n::text, 'null')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN n;
END
$$;
COMMENT ON FUNCTION reco.check_n IS 'n, the number of entries that somebody asks for, or an error.';

-- Makes what a kind of lists needs: its table, a view of the live lists, a function for one list, grants, comments.
--   member_name  what the view and the function call a member: item_id, or another name where the key is item_id
--   about        what the lists are, for the comments
--   figure_texts one comment a figure
--   with_function  false where a migration writes one of its own
--   key_default  the key of the list that stands for all of them; null where there is none
CREATE FUNCTION reco.add_list_kind(
    kind text, key text, scope text DEFAULT 'scope', member_name text DEFAULT 'item_id', about text DEFAULT '',
    key_text text DEFAULT '', scope_text text DEFAULT '', figures text[] DEFAULT '{}', figure_texts text[] DEFAULT '{}',
    member text DEFAULT 'item', key_default text DEFAULT NULL, scope_default text DEFAULT '',
    with_function boolean DEFAULT true
) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    shelf         text := kind || '_shelf';
    members       text := member || 's';
    scoped        boolean := scope <> 'scope';
    category      text := CASE WHEN 'category' IN (key, scope) THEN 'item_category' ELSE 'category' END;
    member_type   text := CASE member WHEN 'item' THEN 'integer[]' ELSE 'text[]' END;
    listed_id     text := CASE member WHEN 'item' THEN 'item.item_id' ELSE 'listed.member' END;
    item_columns  text := CASE member WHEN 'item' THEN format('item.title, item.category AS %I,', category) ELSE '' END;
    item_results  text := CASE member WHEN 'item' THEN format('title text, %I text,', category) ELSE '' END;
    item_join     text := CASE member WHEN 'item' THEN 'LEFT JOIN reco.item ON item.item_key = listed.member' ELSE '' END;
    figure        text;
    texts         text[];
    listed        text := '';
    unnested      text := '';
    results       text := '';
    chosen        text := '';
    columns       text := '';
BEGIN
    FOREACH figure IN ARRAY figures LOOP
        listed := listed || format(', listed.%I', figure);
        unnested := unnested || format(', unnest(lists.%I) AS %I', figure, figure);
        results := results || format(', %I real', figure);
        chosen := chosen || format(', chosen.%I[:n]', figure);
        columns := columns || format(', %I real[] NOT NULL', figure);
    END LOOP;

    INSERT INTO reco.list_kind VALUES (kind, shelf, key, scope, member, figures);
    EXECUTE format(
        'CREATE TABLE reco.%I (build integer NOT NULL, %I text NOT NULL, %I text NOT NULL, %I %s NOT NULL, '
        'scores real[] NOT NULL, reasons smallint[] NOT NULL, reason_items integer[] NOT NULL %s) '
        'PARTITION BY LIST (build)', shelf, key, scope, members, member_type, columns
    );
    -- Short numbers do not compress; EXTERNAL spares the attempt on long lists
    EXECUTE format(
        'ALTER TABLE reco.%I ALTER scores SET STORAGE EXTERNAL, ALTER reasons SET STORAGE EXTERNAL, '
        'ALTER reason_items SET STORAGE EXTERNAL', shelf
    );
    EXECUTE format('COMMENT ON TABLE reco.%I IS %L', shelf, about || ' One row a list and build, see reco.shelf.');

    EXECUTE format(
        'CREATE VIEW reco.%I AS SELECT listed.%I, %s listed.rank, %s AS %I, %s listed.score, reason.name AS reason, '
        'reason_item.item_id AS reason_item_id %s, serving.variant, batch.batch_id, batch.run_date '
        'FROM reco.serving INNER JOIN reco.batch ON batch.batch_id = serving.batch_id '
        'INNER JOIN reco.batch_list ON batch_list.batch_id = serving.batch_id AND batch_list.kind = %L '
        'CROSS JOIN LATERAL (SELECT lists.%I, lists.%I, unnest(batch_list.positions[:cardinality(lists.scores)]) AS rank, '
        'unnest(lists.%I) AS member, unnest(lists.scores) AS score, unnest(lists.reasons) AS reason_code, '
        'unnest(lists.reason_items) AS reason_item_key %s FROM reco.%I AS lists WHERE lists.build = serving.build) '
        'AS listed %s LEFT JOIN reco.reason ON reason.code = listed.reason_code '
        'LEFT JOIN reco.item AS reason_item ON reason_item.item_key = listed.reason_item_key',
        kind, key, CASE WHEN scoped THEN format('listed.%I,', scope) ELSE '' END, listed_id, member_name, item_columns,
        listed, kind, key, scope, members, unnested, shelf, item_join
    );
    texts := ARRAY[
        key, key_text, scope, scope_text,
        'rank', 'Position in the list, 1 is the best.',
        member_name, format('The shop''s own identifier of the %s.', member),
        'title', 'Title of the item, as of the newest night that went live.',
        category, 'Category of the item; null when the shop gave none.',
        'score', 'What the list is ordered by; comparable within one list only.',
        'reason', 'Why it is there, see reco.reasons.',
        'reason_item_id', 'The item that the reason names; null where it names none.',
        'variant', 'The variant that serves this list; main unless configured otherwise.',
        'batch_id', 'The batch: its run date and a fingerprint of everything it was made from.',
        'run_date', 'The night''s run date: the last day of data that the list knows (UTC).'
    ];
    FOR place IN 1 .. cardinality(figures) LOOP
        texts := texts || ARRAY[figures[place], figure_texts[place]];
    END LOOP;
    EXECUTE format('COMMENT ON VIEW reco.%I IS %L', kind, about);
    FOR place IN 1 .. cardinality(texts) / 2 LOOP
        IF EXISTS (
            SELECT FROM pg_attribute
            WHERE attrelid = format('reco.%I', kind)::regclass AND attname = texts[2 * place - 1]
        ) THEN
            EXECUTE format('COMMENT ON COLUMN reco.%I.%I IS %L', kind, texts[2 * place - 1], texts[2 * place]);
        END IF;
    END LOOP;
    EXECUTE format('GRANT SELECT ON reco.%I TO reco_analyst', kind);

    IF NOT with_function THEN
        RETURN;
    END IF;
    EXECUTE format(
        $function$
        CREATE FUNCTION reco.%1$I(%2$I text %3$s, n integer DEFAULT 20 %4$s)
        RETURNS TABLE (
            rank integer, %5$I text, %6$s score real, reason text, reason_item_id text, reason_text text %7$s
        )
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS $body$
        #variable_conflict use_column
        DECLARE
            chosen record;
            n integer := reco.check_n(%1$I.n);
        BEGIN
            SELECT lists.* INTO chosen
            FROM reco.%8$I AS lists
            WHERE lists.build = reco.serving_build() AND lists.%2$I = %9$s AND lists.%10$I = %11$s;
            RETURN QUERY
            SELECT
                listed.rank::integer, %12$s, %13$s listed.score, reason.name, reason_item.item_id,
                replace(
                    replace(reason.text, '{item}', coalesce(reason_item.title, reason_item.item_id, 'something')),
                    '{category}', %19$s
                ) %14$s
            FROM unnest(
                chosen.%15$I[:n], chosen.scores[:n], chosen.reasons[:n], chosen.reason_items[:n] %16$s
            ) WITH ORDINALITY AS listed (member, score, reason_code, reason_item_key %17$s, rank)
            %18$s
            LEFT JOIN reco.reason ON reason.code = listed.reason_code
            LEFT JOIN reco.item AS reason_item ON reason_item.item_key = listed.reason_item_key
            ORDER BY listed.rank;
        END
        $body$
        $function$,
        kind, key, CASE WHEN key_default IS NULL THEN '' ELSE format('DEFAULT %L', key_default) END,
        CASE WHEN scoped THEN format(', %I text DEFAULT %L', scope, scope_default) ELSE '' END,
        member_name, item_results, results, shelf,
        CASE WHEN key_default IS NULL THEN format('%I.%I', kind, key)
             ELSE format('coalesce(%I.%I, %L)', kind, key, key_default) END,
        scope, CASE WHEN scoped THEN format('coalesce(%I.%I, %L)', kind, scope, scope_default) ELSE '''''' END,
        listed_id, CASE member WHEN 'item' THEN 'item.title, item.category,' ELSE '' END, listed, members,
        chosen, replace(listed, 'listed.', ''), item_join,
        CASE member WHEN 'item' THEN 'coalesce(item.category, ''the shop'')' ELSE '''the shop''' END
    );
    EXECUTE format('COMMENT ON FUNCTION reco.%I IS %L', kind, about || ' The first n entries of one list.');
    EXECUTE format('REVOKE EXECUTE ON FUNCTION reco.%I FROM PUBLIC', kind);
    EXECUTE format('GRANT EXECUTE ON FUNCTION reco.%I TO reco_analyst', kind);
END
$$;
COMMENT ON FUNCTION reco.add_list_kind IS 'For migrations: makes the table, the view and the function of a kind of lists.';

-- Both checksums over all kinds of a batch
CREATE FUNCTION reco.sum_digests(build integer, by_ids boolean) RETURNS numeric
LANGUAGE plpgsql
STABLE
AS $$
DECLARE
    kind     reco.list_kind;
    part     numeric;
    total    numeric := 0;
    members  text;
    digest   text;
BEGIN
    FOR kind IN SELECT list_kind.* FROM reco.list_kind LOOP
        members := format(CASE WHEN by_ids AND kind.member = 'item' THEN 'reco.item_ids(%I)' ELSE '%I' END, kind.member || 's');
        digest := format(
            'hashtextextended(%I, hashtextextended(%I, hash_record_extended(ROW(%s, scores, reasons, %s %s), 0)))',
            kind.key, kind.scope, members,
            CASE WHEN by_ids THEN 'reco.item_ids(reason_items)' ELSE 'reason_items' END,
            (SELECT coalesce(string_agg(format(', %I', figure), '' ORDER BY place), '')
             FROM unnest(kind.figures) WITH ORDINALITY AS t (figure, place))
        );
        IF kind.kind <> 'recommendations' THEN
            digest := format('hashtextextended(%L, %s)', kind.kind, digest);
        END IF;
        EXECUTE format('SELECT coalesce(sum(%s), 0) FROM reco.%I WHERE build = $1', digest, kind.table_name)
        INTO part USING sum_digests.build;
        total := total + part;
    END LOOP;
    RETURN total;
END
$$;
COMMENT ON FUNCTION reco.sum_digests IS 'Sum of the digests of all rows of a build, over item keys or over item ids.';

CREATE OR REPLACE FUNCTION reco.build_checksum(build integer) RETURNS text
LANGUAGE sql
STABLE
AS $$
    SELECT reco.checksum(reco.sum_digests(build_checksum.build, false))
$$;

CREATE OR REPLACE FUNCTION reco.batch_checksum(batch_id text) RETURNS text
LANGUAGE sql
STABLE
AS $$
    SELECT reco.checksum(reco.sum_digests(batch.build, true))
    FROM reco.batch
    WHERE batch.batch_id = batch_checksum.batch_id
$$;
REVOKE ALL ON FUNCTION reco.serving_build, reco.check_n, reco.add_list_kind, reco.sum_digests FROM PUBLIC;

INSERT INTO reco.reason (code, name, text) VALUES
    (8, 'similar_item', 'similar to {item}'),
    (9, 'popular_in_category', 'popular in {category}');

SELECT reco.add_list_kind(
    'placements', key => 'user_id', scope => 'placement', with_function => false,
    about => 'The users'' lists for the policy''s placements besides home.',
    key_text => 'The shop''s own identifier of the user.', scope_text => 'The placement, as the policy names it.'
);
SELECT reco.add_list_kind(
    'similar_items', key => 'item_id', member_name => 'similar_item_id', about => 'For each item those most like it.',
    key_text => 'The shop''s own identifier of the item.'
);
SELECT reco.add_list_kind(
    'audience', key => 'value', scope => 'subject', member_name => 'user_id', member => 'user', with_function => false,
    about => 'For each item, category or brand the users who would like it most.',
    key_text => 'The item, the category or the brand.', scope_text => 'What value is: item, category or brand.'
);
