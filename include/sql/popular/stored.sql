SELECT popular.segment, popular.rank, item.item_id, popular.score::float8
FROM reco.popular
INNER JOIN reco.item ON item.item_key = popular.item_key
WHERE popular.build = %(build)s
