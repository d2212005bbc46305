"""Parts of the street that examples/make_street.py draws: everything is made of numbers, nothing is copied."""
