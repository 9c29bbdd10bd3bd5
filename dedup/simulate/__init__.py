"""A made-up feed of which everything is known: who copied whom, how, and how much later."""

from dedup.simulate.article import SimulatedArticle
from dedup.simulate.feed import simulate
from dedup.simulate.settings import GRAMMARS, LANGUAGES, SimulationSettings

__all__ = ["GRAMMARS", "LANGUAGES", "SimulatedArticle", "SimulationSettings", "simulate"]
