SELECT
    count(*) AS users,
    coalesce(sum(cardinality(items)), 0) AS n_rows,
    count(*) FILTER (
        WHERE cardinality(items) <> cardinality(scores)
           OR cardinality(items) <> cardinality(reasons)
           OR cardinality(items) <> cardinality(reason_items)
    ) AS uneven
FROM reco.shelf
WHERE build = %(build)s
