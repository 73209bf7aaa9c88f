import ast
import json
from pathlib import Path

import matplotlib.image
import pytest

import viewlearn.plots
from viewlearn.plots import save_loss_curves
from viewlearn.plots.curves import _series, smooth


def rows(num_steps):
    for step in range(num_steps):
        row = {"step": step, "loss": 5 / (step + 1), "lr": 0.1, "views_lr": 1e-3}
        row |= {"viewmaker/mean": 0.05, "viewmaker/max": 0.4, "alignment": 0.5}
        yield row | ({"knn/digit": 0.3} if step % 5 == 0 else {})


@pytest.mark.parametrize("num_steps", [1, 200])
def test_from_file_and_from_rows(tmp_path, num_steps):
    file = tmp_path / "metrics.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows(num_steps)))
    first = save_loss_curves(tmp_path / "a.png", file, chance={"digit": 0.1}, title="run")
    second = save_loss_curves(tmp_path / "b.png", list(rows(num_steps)), chance={"digit": 0.1}, title="run")
    assert (matplotlib.image.imread(first) == matplotlib.image.imread(second)).all()


def test_panels_are_those_that_have_metrics(tmp_path):
    few = [{"step": i, "loss": 1.0} for i in range(3)]
    height, width = matplotlib.image.imread(save_loss_curves(tmp_path / "a.png", few)).shape[:2]
    full_height, full_width = matplotlib.image.imread(save_loss_curves(tmp_path / "b.png", list(rows(3)))).shape[:2]
    assert full_width > 1.8 * width
    assert full_height > 2.5 * height


def test_what_learned_views_log_of_their_own_has_a_panel(tmp_path):
    plain = [{"step": i, "loss": 1.0} for i in range(3)]
    learned = [row | {"mask/area": 0.25, "mask/penalty": 0.0} for row in plain]
    before, after = (save_loss_curves(tmp_path / f"{len(r[0])}.png", r) for r in (plain, learned))
    assert matplotlib.image.imread(after).shape[1] > 1.5 * matplotlib.image.imread(before).shape[1]


def test_series_keep_each_metrics_own_steps():
    series = _series(list(rows(11)))
    assert series["knn/digit"] == ([0, 5, 10], [0.3, 0.3, 0.3])
    assert "step" not in series


def test_the_running_mean_is_symmetric_and_keeps_a_line_inside():
    line = [2.0 * i for i in range(50)]
    assert smooth(line, 5)[5:-5] == pytest.approx(line[5:-5])
    values = [float((7 * i) % 11) for i in range(20)]
    assert smooth(values, 3)[10] == pytest.approx(sum(values[7:14]) / 7)
    assert smooth(values, 3)[0] == pytest.approx(sum(values[:4]) / 4)
    assert smooth(values[::-1], 3) == pytest.approx(smooth(values, 3)[::-1])


def test_rates_of_zero_can_be_drawn(tmp_path):
    save_loss_curves(tmp_path / "a.png", [{"step": 5, "lr": 0.0, "views_lr": 0.0}])
    save_loss_curves(tmp_path / "b.png", [{"step": 5, "lr": 0.1}, {"step": 6, "lr": 0.0}])


def test_nothing_to_draw_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no metric to draw; there are: speed"):
        save_loss_curves(tmp_path / "a.png", [{"step": 0, "speed": 3.0}])


def test_pyplot_is_never_imported():
    for path in Path(viewlearn.plots.__file__).parent.glob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = [alias.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
        assert not any("pyplot" in name for name in names)
