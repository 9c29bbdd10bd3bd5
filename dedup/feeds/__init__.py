"""Feeds: JSON lines, JSON documents, CSV and page dumps, in; batches of articles out."""

from dedup.feeds.feed import Feed, read_feed
from dedup.feeds.fields.field_map import FieldMap
from dedup.feeds.fields.mapping import parse_map

__all__ = ["Feed", "FieldMap", "parse_map", "read_feed"]
