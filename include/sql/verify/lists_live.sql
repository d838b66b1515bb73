SELECT user_id, item_id, score::float8, reason, reason_item_id
FROM reco.recommendations
WHERE variant = %(variant)s AND user_id = ANY(%(user_ids)s)
ORDER BY user_id, rank
