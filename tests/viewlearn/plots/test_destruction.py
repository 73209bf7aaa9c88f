import pytest

from viewlearn.plots.destruction import (
    Tradeoff,
    TradeoffPanel,
    plot_histograms,
    plot_profiles,
    plot_tradeoff,
    save_tradeoffs,
)
from viewlearn.plots.figure import new_figure


def test_histograms():
    axes = new_figure(4, 3).subplots()
    plot_histograms(axes, {"viewmaker": [0.5, 0.5], "none": [0.0, 1.0]}, [0.1, 0.9], threshold=0.5)
    filled, *steps = axes.patches
    assert filled.get_data().values.tolist() == [10, 90]
    assert [step.get_data().values.tolist() for step in steps] == [[50, 50], [0, 100]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["clean inputs", "viewmaker", "none"]


def test_tradeoff_draws_each_run_once_with_one_entry_per_kind(tmp_path):
    runs = [Tradeoff("expert", 0.1, 0.5), Tradeoff("expert", 0.12, 0.52), Tradeoff("viewmaker", 0.4, 0.6)]
    panel = TradeoffPanel(("digit", "object"), runs, ([0, 100], [40, 60]), "C+Digits")
    axes = new_figure(4, 3).subplots()
    plot_tradeoff(axes, panel)
    assert [len(points.get_offsets()) for points in axes.collections] == [2, 1]
    assert axes.get_legend_handles_labels()[1] == ["linear model's share, scaled", "expert", "viewmaker"]
    one, more = (
        save_tradeoffs(tmp_path / f"{i}.svg", rows) for i, rows in enumerate([[[panel]], [[panel] * 2, [panel]]])
    )
    assert more.read_text().count("views that destroy") == 3 * one.read_text().count("views that destroy") > 0
    for rows in ([], [[]], [[panel._replace(runs=[])]]):
        with pytest.raises(ValueError, match="no runs"):
            save_tradeoffs(tmp_path / "t.svg", rows)


def test_many_kinds_look_different():
    runs = [Tradeoff(f"kind {i}", 0.1 * i, 0.5) for i in range(9)]
    axes = new_figure(4, 3).subplots()
    plot_tradeoff(axes, TradeoffPanel(("digit", "object"), runs))
    looks = {(str(p.get_facecolor()), p.get_paths()[0].vertices.tobytes()) for p in axes.collections}
    assert len(looks) == 9
    plot_tradeoff(other := new_figure(4, 3).subplots(), TradeoffPanel(("a", "b"), runs[4:]), [run.name for run in runs])
    assert str(other.collections[0].get_facecolor()) == str(axes.collections[4].get_facecolor())


def test_profile():
    axes = plot_profiles({"a": [0.25, 0.75]}).axes[0]
    assert axes.lines[0].get_ydata().tolist() == [25, 75]


def test_one_legend_tells_all_panels_apart(tmp_path):
    """A kind of views looks the same on every data set, and two kinds never do."""
    rows = [[TradeoffPanel(("a", "b"), [Tradeoff(f"kind {i}", 0.1, 0.5) for i in kinds])] for kinds in ([0, 1], [1, 2])]
    text = save_tradeoffs(tmp_path / "t.svg", rows).read_text()
    assert [text.count(f"<!-- kind {i} -->") for i in range(3)] == [1, 1, 1]
    assert text.count('<g id="legend_') == 1
