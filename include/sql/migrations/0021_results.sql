-- How each day's lists did, so that nobody has to read JSON.

CREATE TABLE reco.result (
    day            date NOT NULL,
    variant        text NOT NULL,
    batch_id       text NOT NULL REFERENCES reco.batch,
    item_id        text NOT NULL,
    segment        text NOT NULL,
    pairs          integer NOT NULL,
    hits           integer NOT NULL,
    purchases      integer NOT NULL,
    purchase_hits  integer NOT NULL,
    revenue        double precision NOT NULL,
    revenue_hits   double precision NOT NULL,
    PRIMARY KEY (day, variant, item_id, segment)
);
COMMENT ON TABLE reco.result IS 'A day''s new pairs of user and item, by item and segment; the watch replaces a day whole.';

CREATE VIEW reco.results_by_item AS
SELECT
    result.day,
    result.variant,
    result.batch_id,
    result.item_id,
    item.title,
    item.category,
    sum(result.pairs) AS pairs,
    sum(result.hits) AS hits,
    sum(result.purchases) AS purchases,
    sum(result.purchase_hits) AS purchase_hits,
    sum(result.revenue) AS revenue,
    sum(result.revenue_hits) AS revenue_hits
FROM reco.result
LEFT JOIN reco.item USING (item_id)
GROUP BY result.day, result.variant, result.batch_id, result.item_id, item.title, item.category;

CREATE VIEW reco.results_by_category AS
SELECT
    result.day,
    result.variant,
    result.batch_id,
    item.category,
    sum(result.pairs) AS pairs,
    sum(result.hits) AS hits,
    sum(result.purchases) AS purchases,
    sum(result.purchase_hits) AS purchase_hits,
    sum(result.revenue) AS revenue,
    sum(result.revenue_hits) AS revenue_hits
FROM reco.result
LEFT JOIN reco.item USING (item_id)
GROUP BY result.day, result.variant, result.batch_id, item.category;

CREATE VIEW reco.results_by_segment AS
SELECT
    result.day,
    result.variant,
    result.batch_id,
    result.segment,
    sum(result.pairs) AS pairs,
    sum(result.hits) AS hits,
    sum(result.purchases) AS purchases,
    sum(result.purchase_hits) AS purchase_hits,
    sum(result.revenue) AS revenue,
    sum(result.revenue_hits) AS revenue_hits
FROM reco.result
GROUP BY result.day, result.variant, result.batch_id, result.segment;

COMMENT ON VIEW reco.results_by_item IS
    'How a day''s lists did, by item. A pair: a user with a list, and an item that the user turned to and never bought.';
COMMENT ON VIEW reco.results_by_category IS 'The same by category.';
COMMENT ON VIEW reco.results_by_segment IS 'The same by segment of the users.';

DO $$
DECLARE
    target text;
    described record;
BEGIN
    FOREACH target IN ARRAY ARRAY['results_by_item', 'results_by_category', 'results_by_segment'] LOOP
        FOR described IN VALUES
            ('day', 'Day on which users did what is counted.'),
            ('variant', 'Variant of the lists.'),
            ('batch_id', 'Batch that was live on the day.'),
            ('pairs', 'New pairs of user and item.'),
            ('hits', 'Of these, the item was in the user''s list.'),
            ('purchases', 'New pairs with a purchase.'),
            ('purchase_hits', 'Of these, the item was in the list before it was bought.'),
            ('revenue', 'Price times quantity of these purchases, in the shop''s currency.'),
            ('revenue_hits', 'Revenue of the purchases that were in the list before.')
        LOOP
            EXECUTE format('COMMENT ON COLUMN reco.%I.%I IS %L', target, described.column1, described.column2);
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON COLUMN reco.results_by_item.item_id IS 'The item.';
COMMENT ON COLUMN reco.results_by_item.title IS 'Its title.';
COMMENT ON COLUMN reco.results_by_item.category IS 'Its category.';
COMMENT ON COLUMN reco.results_by_category.category IS 'Category of the items; null: none.';
COMMENT ON COLUMN reco.results_by_segment.segment IS 'Segment of the users.';

REVOKE ALL ON reco.result, reco.results_by_item, reco.results_by_category, reco.results_by_segment FROM PUBLIC;
GRANT SELECT ON reco.results_by_item, reco.results_by_category, reco.results_by_segment TO reco_analyst;

CREATE VIEW reco.items AS
SELECT
    item.item_id,
    item.title,
    item.category,
    item.price,
    item.in_stock,
    item.as_of
FROM reco.item;

COMMENT ON VIEW reco.items IS 'Every item that a batch has known, also one that no list shows.';
COMMENT ON COLUMN reco.items.item_id IS 'The shop''s own identifier of the item.';
COMMENT ON COLUMN reco.items.title IS 'Title of the item, as of the newest night.';
COMMENT ON COLUMN reco.items.category IS 'Category of the item; null when the shop gave none.';
COMMENT ON COLUMN reco.items.price IS 'Its price, in the shop''s currency.';
COMMENT ON COLUMN reco.items.in_stock IS 'Whether it was in stock.';
COMMENT ON COLUMN reco.items.as_of IS 'Run date of the night that the attributes come from.';

CREATE VIEW reco.list_owners AS
SELECT
    shelf.user_id,
    shelf.segment,
    cardinality(shelf.items) AS items,
    serving.variant,
    serving.batch_id
FROM reco.serving
INNER JOIN reco.shelf ON shelf.build = serving.build;

COMMENT ON VIEW reco.list_owners IS 'Who has a list in the live batch.';
COMMENT ON COLUMN reco.list_owners.user_id IS 'The shop''s own identifier of the user.';
COMMENT ON COLUMN reco.list_owners.segment IS 'The user''s segment, a country or so.';
COMMENT ON COLUMN reco.list_owners.items IS 'Length of the list.';
COMMENT ON COLUMN reco.list_owners.variant IS 'Variant that serves the list.';
COMMENT ON COLUMN reco.list_owners.batch_id IS 'The live batch.';

REVOKE ALL ON reco.items, reco.list_owners FROM PUBLIC;
GRANT SELECT ON reco.items, reco.list_owners TO reco_analyst;
