SELECT
    max(run_date) AS newest,
    (
        SELECT of_version.metrics
        FROM reco.model_decision AS of_version
        WHERE of_version.variant = %(variant)s
          AND of_version.kind IN ('promote', 'keep')
          AND of_version.model_version = %(model_version)s
        ORDER BY of_version.decision_id DESC
        LIMIT 1
    ) AS metrics
FROM reco.model_decision
WHERE variant = %(variant)s AND kind IN ('promote', 'keep', 'rollback')
