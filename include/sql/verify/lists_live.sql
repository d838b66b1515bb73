SELECT user_id, item_id, score::float8, reasons.code, reason_item_id
FROM reco.recommendations
LEFT JOIN reco.reasons ON reasons.reason = recommendations.reason
WHERE variant = %(variant)s AND user_id = ANY(%(user_ids)s)
ORDER BY user_id, rank
