DELETE FROM reco.result WHERE day = %(day)s AND variant = %(variant)s
