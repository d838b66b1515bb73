-- The newest night that was ever live, and the number of the last activation
SELECT max(batch.run_date), max(activation.activation_id)
FROM reco.activation
INNER JOIN reco.batch ON batch.batch_id = activation.batch_id
WHERE activation.variant = %(variant)s
