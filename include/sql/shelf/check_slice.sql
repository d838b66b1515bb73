SELECT
    count(*) AS users,
    coalesce(sum(cardinality(items)), 0) AS n_rows,
    count(*) FILTER (
        WHERE cardinality(items) <> cardinality(scores)
           OR cardinality(items) <> cardinality(reasons)
           OR cardinality(items) <> cardinality(reason_items)
    ) AS uneven,
    coalesce(sum(reco.row_digest(user_id, segment, items, scores, reasons, reason_items)), 0) AS digest
FROM reco.{partition}
