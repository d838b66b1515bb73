SELECT model_version
FROM reco.model_decision
WHERE variant = %(variant)s
  AND kind IN ('promote', 'rollback')
  AND run_date <= %(up_to)s
ORDER BY run_date DESC, decision_id DESC
