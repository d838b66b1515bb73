"""The embedded stack: servers as processes of one machine, without root and without containers."""
