"""RSS, Atom and saved pages."""
