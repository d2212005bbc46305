"""Foreign data sets read into manifests: one small module for each layout."""
