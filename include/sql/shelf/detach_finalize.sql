ALTER TABLE reco.shelf DETACH PARTITION reco.{partition} FINALIZE
