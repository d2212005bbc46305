"""A page as text, JSON, CSV and other formats."""
