SELECT {content} FROM reco.{table} WHERE build = %(build)s AND {key} = ANY(%(keys)s)
