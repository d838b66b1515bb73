SELECT count(*) FROM reco.recommendations WHERE variant = %(variant)s AND rank = 1
