"""How much is read of each feed format, and how fast."""
