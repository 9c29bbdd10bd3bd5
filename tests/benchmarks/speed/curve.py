"""Draw how time and memory grow with the feed; needs matplotlib (the extra ``charts``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

_BLUE, _RED, _GREEN, _GREY = "#1f5a94", "#b3261e", "#3b7d3b", "#777777"
_MOST_STAGES = 8  # the others are drawn as one


def draw(sizes: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw the figures of the scale section: time by command, stages stacked (where known), peak memory.

    Parameters
    ----------
    sizes : sequence of dict
        As `section_scale` returns them.
    path : Path
        .png or .svg.
    """
    from matplotlib.figure import Figure

    known = [one for one in sizes if not one["index"]["failure"] and not one["clusters"]["failure"]]
    staged = [one for one in known if one.get("stages")]
    figure = Figure((15.0 if staged else 9.6, 4.8), layout="constrained")
    panels = list(np.atleast_1d(figure.subplots(1, 3 if staged else 2)))
    _times(panels[0], known)
    if staged:
        _stages(panels[1], staged)
    _memory(panels[-1], known)
    for panel in panels:
        panel.set_xlabel("articles")
        panel.grid(which="major", color="#dddddd", linewidth=0.8)
        panel.set_axisbelow(True)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
    figure.savefig(path, dpi=130)


def _times(panel: Any, known: Sequence[dict[str, Any]]) -> None:
    n = [one["articles"] for one in known]
    index = np.array([one["index"]["wall"] for one in known])
    clusters = np.array([one["clusters"]["wall"] for one in known])
    parse = np.array([one["parse"]["wall"] for one in known])
    both = index + clusters
    for label, seconds, colour, width in (
        ("index + clusters", both, _BLUE, 2.4),
        ("index", index, _GREEN, 1.3),
        ("clusters", clusters, _RED, 1.3),
        ("parse (orjson)", parse, _GREY, 1.3),
    ):
        panel.plot(n, seconds, "o-", color=colour, linewidth=width, markersize=4, label=label)
    if len(n) > 1:
        panel.plot(n, both[-1] * np.array(n) / n[-1], ":", color=_BLUE, linewidth=1, label="proportional")
    for size, seconds, ratio in zip(n, both, both / parse, strict=True):
        panel.annotate(
            f"{seconds:.3g} s\n{ratio:.1f}x",
            (size, seconds),
            (0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=_BLUE,
        )
    panel.set(
        xscale="log", yscale="log", ylabel="seconds, whole processes", title="time, and multiples of parsing"
    )
    panel.set_ylim(top=both.max() * 4)
    panel.margins(x=0.12)
    _ticks(panel, n)
    panel.legend(frameon=False, fontsize=8, loc="upper left")


def _stages(panel: Any, staged: Sequence[dict[str, Any]]) -> None:
    """Microseconds of each stage for one article, stacked: a level stack is linear growth."""
    n = [one["articles"] for one in staged]
    totals: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(staged))
    for k, one in enumerate(staged):
        for stage in one["stages"]:
            if stage.get("inside"):
                continue
            totals[f"{stage['command']}: {stage['name']}"][k] += 1e6 * stage["seconds"] / n[k]
    order = sorted(totals, key=lambda name: -totals[name][-1])
    shown = sorted(order[:_MOST_STAGES], key=lambda name: (name.split(":")[0] != "index", -totals[name][-1]))
    layers = [np.array(totals[name]) for name in shown]
    rest = sum((np.array(totals[name]) for name in order[_MOST_STAGES:]), np.zeros(len(n)))
    if rest.any():
        shown, layers = [*shown, "others"], [*layers, rest]
    index = sum(name.startswith("index") for name in shown)
    greens = [(0.1 + 0.6 * k / max(1, index), 0.45 + 0.4 * k / max(1, index), 0.3) for k in range(index)]
    others = len(shown) - index
    reds = [(0.7 + 0.25 * k / max(1, others), 0.15 + 0.65 * k / max(1, others), 0.12) for k in range(others)]
    panel.stackplot(n, layers, labels=shown, colors=greens + reds, linewidth=0.4, edgecolor="white")
    panel.set(xscale="log", ylabel="microseconds for an article", title="stages")
    _ticks(panel, n)
    panel.set_ylim(0, 1.02 * max(sum(layer[k] for layer in layers) for k in range(len(n))))
    handles, labels = panel.get_legend_handles_labels()
    panel.legend(
        handles[::-1], labels[::-1], fontsize=7.5, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False
    )


def _memory(panel: Any, known: Sequence[dict[str, Any]]) -> None:
    n = [one["articles"] for one in known]
    for name, colour in (("index", _GREEN), ("clusters", _RED)):
        panel.plot(
            n, [one[name]["peak"] / 1e6 for one in known], "o-", color=colour, markersize=4, label=name
        )
    panel.plot(
        n, [one["megabytes"] for one in known], "--", color=_GREY, linewidth=1, label="size of the feed"
    )
    panel.axhline(4_000, color=_GREY, linewidth=0.8, linestyle=":")
    panel.annotate("4 GB", (n[0], 4_000), (0, 3), textcoords="offset points", fontsize=8, color=_GREY)
    panel.set(xscale="log", yscale="log", ylabel="MB", title="peak memory")
    _ticks(panel, n)
    panel.legend(frameon=False, fontsize=8, loc="lower right")


def _ticks(panel: Any, n: Sequence[int]) -> None:
    names = [f"{size // 1_000_000}M" if size >= 1_000_000 else f"{size / 1000:g}k" for size in n]
    panel.set_xticks(n, names)
    panel.minorticks_off()
