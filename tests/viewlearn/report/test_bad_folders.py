"""Folders that aren't what they should be: gaps with a reason, never a traceback."""

import json
import re

import pytest
import yaml

from viewlearn.report import AnalysisSettings, write_report
from viewlearn.report.sections.configuration import flatten


def text_of(path) -> str:
    """The page's text, without style and script."""
    html = path.read_text(encoding="utf-8")
    html = re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def gaps_of(path) -> list[str]:
    return re.findall(r'class="gap" role="note">(.*?)</p>', path.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_no_folder_and_no_configuration(tmp_path):
    (tmp_path / "empty").mkdir()
    page = write_report(
        [tmp_path / "empty", tmp_path / "nowhere"], tmp_path / "report.html", analyze=AnalysisSettings()
    )
    gaps = " ".join(gaps_of(page))
    assert "empty is no run folder: it has no config.yaml" in gaps
    assert "there is no run folder" in gaps
    for title in ("Configuration", "Tasks", "Training", "Views", "destroy", "Embedding", "neighbors", "Speed"):
        assert title in text_of(page)
    assert "Traceback" not in page.read_text()
    with pytest.raises(ValueError, match="no runs"):
        write_report([], tmp_path / "report.html")


@pytest.fixture
def folder(tmp_path):
    """A run as far as text files go, of a configuration from a newer version."""
    path = tmp_path / "run"
    path.mkdir()
    settings = {"data": {"class_path": "vision.NotYetInvented"}, "batch_size": 8, "sparkle": True}
    (path / "config.yaml").write_text(yaml.safe_dump(settings))
    (path / "metrics.jsonl").write_text('{"step": 1, "loss": 2.5}\n{"step": 2, "loss": 2.25, "knn/a": 0.5}\n{"st')
    (path / "timings.jsonl").write_text('{"step": 2, "samples_per_second": 16.0}\n')
    return path


def test_newer_configuration(folder):
    page = write_report([folder], folder / "report.html", analyze=AnalysisSettings())
    gaps = gaps_of(page)
    assert any("configuration can&#39;t be read" in gap and "NotYetInvented" in gap for gap in gaps)
    text = text_of(page)
    assert "sparkle" in text  # it is shown all the same
    assert "Training loss" in text  # and so is what can be read
    assert "16" in text
    assert "not recorded" in text


def test_torn_and_newer_files(folder):
    (folder / "results.json").write_text('{"rows": [{"task": "a", "surprise": 1}], "info": {}}')
    (folder / "data.json").write_text('{"shape": [3, ')
    (folder / "feature_dropping.json").write_text(json.dumps({"format": 99}))
    (folder / "timings.jsonl").write_text("")
    gaps = " ".join(gaps_of(write_report([folder], folder / "report.html")))
    assert "newer version" in gaps
    assert "timings.jsonl" in gaps
    assert "results.json can&#39;t be read: KeyError" in gaps


def test_names_are_escaped_and_told_apart(tmp_path):
    for parent in ("a", "b"):
        (tmp_path / parent / "<b>run").mkdir(parents=True)
    page = write_report([tmp_path / "a" / "<b>run", tmp_path / "b" / "<b>run"], tmp_path / "report.html")
    html = page.read_text()
    assert "<b>run" not in html
    assert "a/&lt;b&gt;run" in html and "b/&lt;b&gt;run" in html


def test_flatten():
    settings = {
        "out": "x",
        "views": {"class_path": "A", "init_args": {"entries": {"one": {"class_path": "B", "init_args": {"p": 0.5}}}}},
        "data": {"class_path": "C", "init_args": {}},
        "steps": 3,
        "clip_norm": None,
    }
    assert flatten(settings) == {
        "views": "A",
        "views.entries.one": "B",
        "views.entries.one.p": "0.5",
        "data": "C",
        "steps": "3",
        "clip_norm": "none",
    }
