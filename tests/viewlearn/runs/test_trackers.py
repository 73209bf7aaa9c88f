"""Trackers by name: really written, or refused."""

from pathlib import Path

import pytest

from viewlearn.runs.trackers import check_trackers


def test_what_is_not_installed_is_an_error(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("tensorboard", "wandb", "trackio"):
        with pytest.raises(ValueError, match=f"tracker '{name}' isn't installed: pip install {name}"):
            check_trackers([name])


def test_unknown_tracker():
    with pytest.raises(ValueError, match="each must be one of tensorboard, wandb, trackio"):
        check_trackers(["tensorboard", "mlflow"] if _installed() else ["mlflow"])
    assert check_trackers([]) == []


def _installed() -> bool:
    import importlib.util

    return importlib.util.find_spec("tensorboard") is not None


@pytest.mark.skipif(not _installed(), reason="tensorboard isn't installed")
def test_tensorboard_gets_every_logged_value(launch):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    launch("--out", "run", "--trackers", "[tensorboard]", "--steps", "4", "--views", "Identity")
    events = next(Path("run").rglob("events.out.tfevents.*"))
    read = accumulator.EventAccumulator(str(events))
    read.Reload()
    assert {"loss", "lr", "alignment"} <= set(read.Tags()["scalars"])
    assert [point.step for point in read.Scalars("loss")] == [2, 4]
