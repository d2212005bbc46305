"""Data sets: manifests, and what is made from them."""
