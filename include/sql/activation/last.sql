SELECT batch_id, previous_batch_id, kind, reason, activated_by = coalesce(%(by)s, session_user) AS same_person
FROM reco.activation
WHERE variant = %(variant)s
ORDER BY activation_id DESC
LIMIT 1
