SELECT run_date, differences, problems
FROM reco.landing_comparisons
ORDER BY run_date DESC
LIMIT 1
