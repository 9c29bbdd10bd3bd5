"""Tables of separated values: their dialect, and their rows."""
