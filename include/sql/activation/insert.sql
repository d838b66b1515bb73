INSERT INTO reco.activation (variant, batch_id, previous_batch_id, reason)
VALUES (%(variant)s, %(batch_id)s, %(previous)s, %(reason)s)
