"""The Nightshelf library: one package a subject."""
