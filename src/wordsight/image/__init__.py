"""Pictures: safe decoding, sizes, drawing."""
