"""Weights that the project trained, each with its card: what it was trained on, under which terms, how good it is."""
