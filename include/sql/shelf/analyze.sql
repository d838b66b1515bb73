ANALYZE reco.{partition}
