SELECT reco.build_checksum(%(build)s)
