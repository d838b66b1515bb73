SELECT model_version
FROM reco.model_decision
WHERE variant = %(variant)s
  AND kind = 'promote'
  AND run_date <= %(up_to)s
ORDER BY run_date DESC, decision_id DESC
