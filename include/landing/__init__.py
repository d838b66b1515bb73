"""The landing zone: files as delivered, and one's own history cut into its days."""
