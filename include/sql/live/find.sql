SELECT live.batch_id, live.build, batch.run_date, batch.model_version
FROM reco.live
INNER JOIN reco.batch ON batch.batch_id = live.batch_id
WHERE live.variant = %(variant)s
