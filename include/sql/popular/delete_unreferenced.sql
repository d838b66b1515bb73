DELETE FROM reco.popular
WHERE NOT EXISTS (SELECT FROM reco.batch WHERE batch.build = popular.build)
  AND NOT EXISTS (SELECT FROM reco.live WHERE popular.build IN (live.build, live.previous_build))
