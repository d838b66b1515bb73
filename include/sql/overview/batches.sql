SELECT batch_id, run_date, model_version, is_live
FROM reco.batches
WHERE variant = %(variant)s AND state = 'stored'
ORDER BY run_date DESC, created_at DESC
