"""The game day: breaks a development stack on purpose, and shows alert, log line, runbook page and recovery.

Each fault is one module of `faults`. Its night fails without retries, so that nobody waits for them; it is mended by
the steps of the runbook's page alone, while readers go on reading.
"""
