"""What does it say: recognizers that turn crops into characters with places and probabilities."""
