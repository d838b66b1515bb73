CREATE TABLE reco.{partition} PARTITION OF reco.{parent} FOR VALUES WITH (MODULUS %(slices)s, REMAINDER %(slice)s)
