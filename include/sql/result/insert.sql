INSERT INTO reco.result (
    day, variant, batch_id, item_id, segment, pairs, hits, purchases, purchase_hits, revenue, revenue_hits
)
SELECT %(day)s, %(variant)s, %(batch_id)s, counted.*
FROM unnest(
    %(item_id)s::text[], %(segment)s::text[], %(pairs)s::integer[], %(hits)s::integer[], %(purchases)s::integer[],
    %(purchase_hits)s::integer[], %(revenue)s::double precision[], %(revenue_hits)s::double precision[]
) AS counted
