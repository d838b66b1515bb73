-- The check lets the later attach skip its scan of the rows
CREATE TABLE reco.{partition} (LIKE reco.{table} INCLUDING STORAGE, CHECK (build = %(build)s)) PARTITION BY HASH ({key})
