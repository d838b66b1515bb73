SELECT count(*) FROM reco.recommendations_history WHERE batch_id = %(batch_id)s AND rank = 1
