"""Taught models: named fields out of a picture."""
