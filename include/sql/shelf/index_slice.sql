CREATE UNIQUE INDEX ON reco.{partition} (user_id)
