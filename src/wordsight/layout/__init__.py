"""Words to lines, lines to reading order."""
