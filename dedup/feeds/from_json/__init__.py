"""JSON lines, JSON documents, JSON Feed: read without an object per article where that can be."""
