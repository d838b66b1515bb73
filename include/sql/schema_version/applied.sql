SELECT version, checksum FROM reco.schema_version ORDER BY version
