-- The batches that were live, newest activation first, of nights before a day: the first is the one that served it
SELECT batch.batch_id, batch.run_date, batch.model_version, batch.state = 'stored' AS kept
FROM reco.activation
INNER JOIN reco.batch ON batch.batch_id = activation.batch_id
WHERE activation.variant = %(variant)s AND batch.run_date < %(day)s
GROUP BY batch.batch_id, batch.run_date, batch.model_version, batch.state
ORDER BY max(activation.activation_id) DESC
