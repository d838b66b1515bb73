-- After a rollback: was this batch known then, or is it of an older night than the newest that was ever live?
SELECT last.kind = 'rollback' AND (
    newest.run_date > %(run_date)s
    OR newest.run_date = %(run_date)s
    AND EXISTS (SELECT FROM reco.batch WHERE batch.batch_id = %(batch_id)s AND batch.created_at <= last.activated_at)
)
FROM (
    SELECT activation.kind, activation.activated_at
    FROM reco.activation
    WHERE activation.variant = %(variant)s
    ORDER BY activation.activation_id DESC
    LIMIT 1
) AS last
CROSS JOIN (
    SELECT max(batch.run_date) AS run_date
    FROM reco.activation
    INNER JOIN reco.batch ON batch.batch_id = activation.batch_id
    WHERE activation.variant = %(variant)s
) AS newest
