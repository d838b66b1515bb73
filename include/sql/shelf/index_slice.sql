CREATE UNIQUE INDEX ON reco.{partition} ({names})
