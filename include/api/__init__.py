"""The read API: the functions of the schema `reco` over HTTP, for a shop's backend."""
