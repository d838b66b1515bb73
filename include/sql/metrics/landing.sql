SELECT differences::double precision AS landing_differences
FROM reco.landing_comparisons
ORDER BY run_date DESC
LIMIT 1
