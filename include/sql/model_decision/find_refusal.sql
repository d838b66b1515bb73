SELECT EXISTS (
    SELECT FROM reco.model_decision
    WHERE variant = %(variant)s AND kind = 'refused' AND fingerprint = %(request)s
)
