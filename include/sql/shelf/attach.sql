ALTER TABLE reco.{table} ATTACH PARTITION reco.{partition} FOR VALUES IN (%(build)s)
