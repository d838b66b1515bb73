SELECT batch_id, run_date, model_version
FROM reco.recommendations
WHERE user_id = %(user_id)s AND variant = %(variant)s AND rank = 1
