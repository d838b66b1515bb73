SELECT rank, item_id, title, reason_text
FROM reco.recommend(%(user_id)s, 5)
