-- A table that was emptied in the transaction that fills it is written once, without WAL, and frozen
TRUNCATE reco.{partition}
