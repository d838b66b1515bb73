"""The watch over a demo shop, for hundreds of nights in minutes: what it finds, misses and costs."""
