"""A parser of made pages, importable by worker processes: what a page does is written in it."""

from __future__ import annotations

import os

from dedup.feeds.formats import Format
from dedup.feeds.parsed import Parsed
from dedup.feeds.raw_batch import RawBatch


def made_page(title: str, size: int = 0) -> bytes:
    return f"<html>|{title}|{' ' * size}</html>".encode()


def parse_made(kind: Format, data: bytes, name: str) -> tuple[Parsed, float]:
    title = data.decode().split("|")[1]
    if title == "crash":
        os._exit(3)
    if title == "raise":
        raise ValueError("made to fail")
    if title == "nothing":
        return Parsed(RawBatch(), "made page"), 0.0
    record = {"title": title, "text": f"Parsed from {os.path.basename(name)}."}
    return Parsed(RawBatch([record], [1], size=len(data)), "made page", "utf-8"), 0.0
