ALTER TABLE reco.shelf ATTACH PARTITION reco.{partition} FOR VALUES IN (%(build)s)
