DROP TABLE IF EXISTS reco.{partition}
