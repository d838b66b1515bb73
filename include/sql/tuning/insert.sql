INSERT INTO reco.tuning (study, trials, run_date, variant, base, recipe, from_night, metric, present, best, tried)
VALUES (
    %(study)s, %(trials)s, %(run_date)s, %(variant)s, %(base)s, %(recipe)s, %(from_night)s, %(metric)s, %(present)s,
    %(best)s, %(tried)s
)
ON CONFLICT (study, trials) DO NOTHING
