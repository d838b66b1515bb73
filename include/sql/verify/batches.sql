SELECT
    batch_id, run_date, users, checksum, state, is_live, activated_at IS NOT NULL AS was_live,
    coalesce((
        SELECT activations.kind = 'rollback'
        FROM reco.activations
        WHERE activations.variant = batches.variant
        ORDER BY activations.activation_id DESC
        LIMIT 1
    ), false) AS rolled_back
FROM reco.batches
WHERE variant = %(variant)s AND (is_live OR batch_id = %(batch_id)s)
