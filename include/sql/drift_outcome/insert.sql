-- The same outcome again, as after clearing the audit, leaves no second row
INSERT INTO reco.drift_outcome (day, variant, outcome, detail)
SELECT %(day)s, %(variant)s, %(outcome)s, %(detail)s
WHERE NOT EXISTS (
    SELECT FROM (
        SELECT drift_outcome.outcome, drift_outcome.detail
        FROM reco.drift_outcome
        WHERE drift_outcome.variant = %(variant)s AND drift_outcome.day = %(day)s
        ORDER BY drift_outcome.outcome_id DESC
        LIMIT 1
    ) AS latest
    WHERE latest.outcome = %(outcome)s AND latest.detail = %(detail)s
)
