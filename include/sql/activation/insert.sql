INSERT INTO reco.activation (variant, batch_id, previous_batch_id, kind, reason, request, activated_by)
VALUES (
    %(variant)s, %(batch_id)s, %(previous)s, %(kind)s, %(reason)s, %(request)s, coalesce(%(by)s, session_user)
)
