"""Packages join by an entry point, and scripts and modules say how they were started."""

import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points

import pytest
import torch

from viewlearn.runs import components, make_parser
from viewlearn.runs.components import GROUP, load_components
from viewlearn.runs.provenance import origin


def test_our_own_packages_join_as_any_other():
    load_components()
    assert {"vision", "audio"} <= {entry.value for entry in entry_points(group=GROUP)}
    assert {"vision", "audio"} <= sys.modules.keys()


def test_a_package_of_someone_elses(monkeypatch, tmp_path):
    (tmp_path / "their_views.py").write_text("joined = True")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(components, "entry_points", lambda group: [EntryPoint("theirs", "their_views", group)])
    load_components()
    assert sys.modules.pop("their_views").joined


def test_metadata_that_are_missing_are_told(monkeypatch):
    monkeypatch.setattr(components, "entry_points", lambda group: [])
    with pytest.raises(ValueError, match=r"no installed package has an entry point .*: pip install -e \.\)"):
        load_components()


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (ModuleSpec("viewlearn.train", None), "python -m viewlearn.train"),
        (ModuleSpec("viewlearn.report.__main__", None), "python -m viewlearn.report"),
        (None, "experiments/train.py"),
    ],
)
def test_usage_fits_how_the_program_was_started(monkeypatch, spec, name):
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", spec)
    monkeypatch.setattr("sys.argv", ["experiments/train.py", "--steps", "2 "])
    assert make_parser("").format_usage().startswith(f"usage: {name} ")
    assert origin(torch.device("cpu"))["command"] == f"{name} --steps '2 '"
