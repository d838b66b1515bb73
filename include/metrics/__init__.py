"""The night's records as metrics for Prometheus."""
