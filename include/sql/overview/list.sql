SELECT rank, item_id, title, category, score, reason, reason_item_id, reason_text
FROM reco.recommend(%(user_id)s, %(n)s)
ORDER BY rank
