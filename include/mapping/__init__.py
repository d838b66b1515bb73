"""A first mapping for somebody's files: looks at a sample, guesses, writes, and tries what it wrote."""
