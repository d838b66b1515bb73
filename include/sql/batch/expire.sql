-- Beyond the newest ones, except what readers see, what they saw before, and what was published just now
UPDATE reco.batch
SET state = 'expired', build = NULL
WHERE batch.variant = %(variant)s
  AND batch.state = 'stored'
  AND batch.batch_id <> %(batch_id)s
  AND NOT EXISTS (SELECT FROM reco.live WHERE batch.batch_id IN (live.batch_id, live.previous_batch_id))
  AND batch.batch_id NOT IN (
      SELECT newest.batch_id
      FROM reco.batch AS newest
      WHERE newest.variant = %(variant)s AND newest.state = 'stored'
      ORDER BY newest.run_date DESC, newest.created_at DESC
      LIMIT %(keep)s
  )
RETURNING batch.batch_id
