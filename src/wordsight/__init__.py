"""wordsight reads text in pictures: photographs, scans and screens, at any angle."""
