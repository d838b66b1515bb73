SELECT item_id, title FROM reco.recommend(%(user_id)s, %(n)s, %(segment)s)
