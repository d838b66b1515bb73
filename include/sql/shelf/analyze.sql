-- Nobody filters by what is in the lists: their statistics would cost seconds and help no plan
ANALYZE reco.{partition} (build, {key}, {scope})
