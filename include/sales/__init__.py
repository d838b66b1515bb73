"""What sold: together, more than usual, and what its buyers are due to buy again."""
