SELECT
    batch.batch_id,
    batch.run_date,
    batch.model_version,
    batch.build,
    EXISTS (SELECT FROM reco.activation WHERE activation.batch_id = batch.batch_id) AS was_live
FROM reco.batch
WHERE batch.variant = %(variant)s AND batch.state = 'stored'
ORDER BY batch.run_date DESC, batch.created_at DESC
