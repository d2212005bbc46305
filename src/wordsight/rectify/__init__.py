"""From a quad in a picture to an upright crop, and back."""
