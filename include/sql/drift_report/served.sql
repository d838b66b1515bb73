-- The batches that were live, newest activation first, of nights before a day: the first is the one that served it.
-- What was activated after a later night went live served a later day.
SELECT batch.batch_id, batch.run_date, batch.model_version, batch.state = 'stored' AS kept
FROM reco.activation
INNER JOIN reco.batch ON batch.batch_id = activation.batch_id
WHERE activation.variant = %(variant)s
  AND batch.run_date < %(day)s
  AND NOT EXISTS (
      SELECT FROM reco.activation AS later
      INNER JOIN reco.batch AS later_batch ON later_batch.batch_id = later.batch_id
      WHERE later.variant = activation.variant
        AND later.activation_id < activation.activation_id
        AND later_batch.run_date >= %(day)s
  )
GROUP BY batch.batch_id, batch.run_date, batch.model_version, batch.state
ORDER BY max(activation.activation_id) DESC
