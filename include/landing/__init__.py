"""The landing zone: files as delivered, and a history split into its days."""
