"""Where is text: detectors that turn a picture into scored quads."""
