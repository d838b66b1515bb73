SELECT batch_id, run_date, model_version, users, recommendations, items, shortfall, checksum
FROM reco.batches
WHERE is_live
ORDER BY variant <> 'main', variant
LIMIT 1
