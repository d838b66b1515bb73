-- Share of the lists' entries that the same users' lists of another build have too
SELECT avg(compared.kept::real / compared.length)::real
FROM (
    SELECT
        cardinality(shelf.items) AS length,
        (SELECT count(*) FROM unnest(shelf.items) AS item_key WHERE item_key = ANY(before.items)) AS kept
    FROM reco.shelf
    INNER JOIN reco.shelf AS before ON before.build = %(before)s AND before.user_id = shelf.user_id
    WHERE shelf.build = %(build)s
      AND shelf.user_id = ANY(%(user_ids)s)
      AND cardinality(shelf.items) > 0
) AS compared
