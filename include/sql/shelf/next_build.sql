SELECT nextval('reco.build')::integer
