-- Versions are numbers, except for popularity without a model. All variants have the same registered model.
SELECT coalesce(max(model_version::bigint), 0), max(run_date)
FROM reco.model_decision
WHERE model_version ~ '^[0-9]+$'
