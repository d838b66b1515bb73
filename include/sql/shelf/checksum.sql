SELECT coalesce(sum({digest}), 0) FROM reco.{table} WHERE build = %(build)s
