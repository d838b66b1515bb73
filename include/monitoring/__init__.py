"""The watch: has the data moved, have the results fallen, and what is the remedy."""
