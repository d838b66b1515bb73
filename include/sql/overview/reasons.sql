SELECT code, reason
FROM reco.reasons
