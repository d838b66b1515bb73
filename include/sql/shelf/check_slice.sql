SELECT
    count(*) AS lists,
    coalesce(sum(cardinality(scores)), 0) AS n_rows,
    count(*) FILTER (WHERE greatest({lengths}) <> least({lengths})) AS uneven,
    coalesce(sum({digest}), 0) AS digest
FROM reco.{partition}
