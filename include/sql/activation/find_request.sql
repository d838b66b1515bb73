SELECT activation.batch_id, activation.previous_batch_id, batch.model_version
FROM reco.activation
INNER JOIN reco.batch ON batch.batch_id = activation.batch_id
WHERE activation.variant = %(variant)s AND activation.request = %(request)s
