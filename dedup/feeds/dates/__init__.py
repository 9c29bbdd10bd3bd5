"""Dates of any common form, and the time zones they name."""
