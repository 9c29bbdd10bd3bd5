"""From a path to the bytes of a feed: opened, unpacked within limits, in UTF-8."""
