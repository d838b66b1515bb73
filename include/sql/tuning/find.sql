SELECT tuning_id, recipe, from_night, present, best
FROM reco.tuning
WHERE study = %(study)s AND trials = %(trials)s
