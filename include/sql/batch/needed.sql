-- Whatever readers see or can be moved back to, in every variant
SELECT batch.batch_id, batch.run_date, batch.training_set, batch.model_version
FROM reco.batch
WHERE
    batch.state = 'stored'
    OR EXISTS (SELECT FROM reco.live WHERE batch.batch_id IN (live.batch_id, live.previous_batch_id))
