"""RSS, Atom and saved pages: parsed in processes of their own, within limits."""
