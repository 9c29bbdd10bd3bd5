"""Titles and texts cleaned of what their way through other programs has done to them."""
