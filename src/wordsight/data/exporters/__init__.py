"""Manifests written in the layouts of other programs: one small module for each."""
