SELECT user_id, length_before, length_after, kept, users
FROM reco.compare_batches(%(before)s, %(after)s, %(sample)s)
