ANALYZE reco.live, reco.batch, reco.item, reco.reason, reco.popular
