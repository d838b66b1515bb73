INSERT INTO reco.schema_version (version, name, checksum) VALUES (%(version)s, %(name)s, %(checksum)s)
