-- The live batch, and the activation that made it so
SELECT
    batches.batch_id,
    batches.run_date,
    batches.model_version,
    batches.users,
    batches.items,
    batches.recommendations,
    batches.shortfall,
    batches.overlap,
    switched.activated_at AS since,
    switched.activated_by AS by,
    switched.kind,
    switched.reason,
    switched.previous_batch_id
FROM reco.batches
CROSS JOIN LATERAL (
    SELECT activations.*
    FROM reco.activations
    WHERE activations.batch_id = batches.batch_id AND activations.variant = batches.variant
    ORDER BY activations.activation_id DESC
    LIMIT 1
) AS switched
WHERE batches.is_live AND batches.variant = %(variant)s
