"""Models: whatever trains ends as factors."""
