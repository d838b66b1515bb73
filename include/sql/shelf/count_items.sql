SELECT
    count(*) AS items,
    count(*) FILTER (WHERE NOT EXISTS (SELECT FROM reco.item WHERE item.item_key = listed.item_key)) AS unknown
FROM (
    SELECT DISTINCT unnest(shelf.items) AS item_key
    FROM reco.shelf
    WHERE shelf.build = %(build)s
) AS listed
