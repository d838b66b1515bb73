SELECT batch_id, run_date, users, checksum, state, is_live, activated_at IS NOT NULL AS was_live
FROM reco.batches
WHERE variant = %(variant)s AND (is_live OR batch_id = %(batch_id)s)
