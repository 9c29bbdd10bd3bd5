"""A made-up feed of which everything is known: who copied whom, how, and how much later."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dedup.simulate.settings import GRAMMARS, LANGUAGES, SimulationSettings

if TYPE_CHECKING:
    from dedup.simulate.article import SimulatedArticle
    from dedup.simulate.feed import simulate

# Loaded when first used: the command line reads the settings for its help, and needs no grammar for that.
_HOMES = {"SimulatedArticle": "dedup.simulate.article", "simulate": "dedup.simulate.feed"}

__all__ = ["GRAMMARS", "LANGUAGES", "SimulatedArticle", "SimulationSettings", "simulate"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'dedup.simulate' has no attribute {name!r}")
