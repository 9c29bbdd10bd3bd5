"""The text of a news page, as it is copied from a browser: which lines are what."""
