"""The ``dedup`` command."""

from dedup.cli.app import app, main

__all__ = ["app", "main"]
