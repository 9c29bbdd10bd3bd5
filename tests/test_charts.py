"""Charts: saved whole or not at all, the same bytes each time, and drawn from the figures they name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import dedup
from dedup import charts
from dedup.charts import chart as frame
from dedup.errors import DedupError, SettingsError
from dedup.evaluate.recall import RecallBin, measure_recall
from dedup.provenance.trace import trace
from dedup.sketch.curve import expected_recall

FEED = Path(__file__).parent.parent / "samples" / "feed.jsonl"
MAGIC = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture(scope="module")
def feed():
    with dedup.Index.temporary() as index:
        index.add(FEED)
        yield {
            "clusters": index.clusters(),
            "found": index.provenance(),
            "scores": index.scores(),
            "recall": measure_recall(index),
            "index": index,
        }


def drawn(feed):
    return {
        "scores": charts.score_histogram(feed["scores"]),
        "recall": charts.s_curve(feed["recall"]),
        "pickups": charts.pickup_curve(feed["found"], by="credit"),
        "matrix": charts.outlet_matrix(feed["found"]),
        "sizes": charts.cluster_sizes(feed["clusters"]),
    }


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_every_chart_is_saved_as_the_same_bytes_each_time(feed, tmp_path, suffix):
    for name, chart in drawn(feed).items():
        path = chart.save(tmp_path / f"{name}{suffix}")
        once = path.read_bytes()
        assert once.startswith(MAGIC[suffix])
        again = drawn(feed)[name].save(tmp_path / f"{name}{suffix}").read_bytes()
        assert again == once, name
        assert b"Matplotlib v" not in once
        assert b"CreationDate" not in once


def test_a_notebook_shows_a_chart_and_its_name_holds_no_address(feed):
    chart = charts.cluster_sizes(feed["clusters"])
    assert chart._repr_png_().startswith(b"\x89PNG")
    assert repr(chart) == "Chart('46 clusters, 199 articles, the largest of 8')"


def test_a_chart_of_another_kind_is_refused_and_a_failed_one_leaves_the_file_alone(feed, tmp_path):
    chart = charts.cluster_sizes(feed["clusters"])
    with pytest.raises(DedupError, match=r"a chart is \.png, \.svg, \.pdf"):
        chart.save(tmp_path / "x.gif")
    with pytest.raises(DedupError):
        chart.save(tmp_path / "no folder" / "x.png")


def test_without_matplotlib_the_error_names_what_to_install(monkeypatch):
    monkeypatch.setattr(frame, "find_spec", lambda name: None if name == "matplotlib" else True)
    with pytest.raises(DedupError, match=r"pip install 'dedup\[charts\]'"):
        charts.s_curve()


def test_a_histogram_holds_every_pair_on_its_side_of_the_threshold():
    scores = np.array([0.1, 0.2, 0.49, 0.5, 0.9])
    figure = charts.score_histogram(scores).figure
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "not: 3",
        "copies by this threshold: 2",
    ]
    labelled = charts.score_histogram(scores, copy=np.array([True, False, False, True, True]))
    assert [text.get_text() for text in labelled.figure.legends[0].get_texts()] == ["not: 2", "copies: 3"]
    with pytest.raises(SettingsError, match="2 labels for 5 scores"):
        charts.score_histogram(scores, copy=np.array([True, False]))


def test_the_pick_up_curve_crosses_a_half_at_the_median(feed):
    (axes,) = charts.pickup_curve(feed["found"]).figure.axes
    lags, share = axes.lines[0].get_data()
    assert share[-1] == 1
    median = feed["found"].pickups["within_s"].dropna().median()
    assert lags[np.searchsorted(share, 0.5)] == pytest.approx(median, abs=120)


def test_the_matrix_shows_the_counts_of_who_carries_whom(feed):
    counts = feed["found"].matrix(5)
    (axes,) = charts.outlet_matrix(feed["found"], top=5).figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == counts.index.tolist()
    assert sorted(int(text.get_text()) for text in axes.texts) == sorted(
        counts.to_numpy()[counts.to_numpy() > 0]
    )


def test_the_size_chart_is_logarithmic_both_ways_and_counts_each_cluster_once(feed):
    (axes,) = charts.cluster_sizes(feed["clusters"]).figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    sizes, number = axes.lines[0].get_data()
    expected = feed["clusters"].groupby("cluster_id").size().value_counts().sort_index()
    assert sizes.tolist() == expected.index.tolist()
    assert number.tolist() == expected.tolist()


def test_measured_recall_follows_the_s_curve(feed):
    for one in feed["recall"]:
        low, high = one.interval
        assert low <= one.recall <= high
        expected = float(expected_recall(one.jaccard))
        # On the slope rules leave pairs out on purpose (`may_share`); above it nothing may be lost.
        assert one.recall < expected + 0.1, one
        assert one.jaccard < 0.15 or one.recall > expected - 0.05, one
    assert sum(one.pairs for one in feed["recall"] if one.jaccard > 0.3) > 100


def test_measured_recall_sees_what_the_candidates_lack(feed, monkeypatch):
    import dedup.evaluate.recall as recall

    proposed = recall.propose

    def without_half(*given):
        left, right, *rest = proposed(*given)
        return left[::2], right[::2], *rest

    monkeypatch.setattr(recall, "propose", without_half)
    halved = measure_recall(feed["index"])
    sure = [one for one in halved if one.jaccard > 0.3]
    found, pairs = sum(one.found for one in sure), sum(one.pairs for one in sure)
    assert 0.35 < found / pairs < 0.65


def test_an_interval_is_wilsons():
    assert RecallBin(0.5, 10, 10).interval == pytest.approx((0.7225, 1.0), abs=1e-3)
    assert RecallBin(0.5, 100, 50).interval == pytest.approx((0.4038, 0.5962), abs=1e-3)


def test_text_of_a_feed_is_no_formula_and_no_long_label():
    name = r"$\frac{1}{0}$ " + "long " * 20
    rows = [
        {"cluster_id": "c", "relation": relation, "lag_s": lag, "outlet": outlet, "title": "", "url": None,
         "published": pd.Timestamp("2025-03-04T06:00Z"), "credit": None}
        for relation, lag, outlet in (("canonical", 0, name), ("verbatim", 60, "B"))
    ]  # fmt: skip
    chart = charts.outlet_matrix(trace(pd.DataFrame(rows)))
    assert chart._repr_png_()
    labels = [label.get_text() for label in chart.figure.axes[0].get_yticklabels()]
    assert max(map(len, labels)) < 30


def test_charts_of_nothing_say_so(feed):
    nothing = feed["clusters"].iloc[:0]
    with pytest.raises(SettingsError, match="there are no clusters"):
        charts.cluster_sizes(nothing)
    with pytest.raises(SettingsError, match="no copy has a lag"):
        charts.pickup_curve(trace(nothing))
    with pytest.raises(SettingsError, match="no story is carried by two"):
        charts.outlet_matrix(trace(nothing))


def test_a_waterfall_ends_at_the_score_of_the_pair():
    found = dedup.explain(
        "Gunfire Erupts Near Israeli Embassy in Amman", "Protest Erupts Near Israeli Embassy in London"
    )
    (axes,) = charts.waterfall(found).figure.axes
    *_, last = axes.patches
    assert last.get_width() == pytest.approx(found.sum / 1e6)
    steps = [bar.get_width() for bar in axes.patches[:-1]]
    assert sum(steps) == pytest.approx(found.sum / 1e6)
    assert axes.get_title(loc="left") == "no match"
