-- The signals of the days before, oldest first, each with the verdict that was made of them
SELECT signals || jsonb_build_object('verdict', verdict)
FROM reco.drift_report
WHERE variant = %(variant)s AND day < %(day)s AND day >= %(since)s
ORDER BY day
