INSERT INTO reco.popular (build, segment, rank, item_key, score)
SELECT %(build)s, incoming_popular.segment, incoming_popular.rank, item.item_key, incoming_popular.score
FROM incoming_popular
INNER JOIN reco.item ON item.item_id = incoming_popular.item_id
