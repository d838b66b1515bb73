ALTER TABLE reco.{table} DETACH PARTITION reco.{partition} FINALIZE
