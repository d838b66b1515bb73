SELECT user_id, item_id, score::float8, reasons.code, reason_item_id
FROM reco.recommendations_history
LEFT JOIN reco.reasons ON reasons.reason = recommendations_history.reason
WHERE batch_id = %(batch_id)s AND user_id = ANY(%(user_ids)s)
ORDER BY user_id, rank
