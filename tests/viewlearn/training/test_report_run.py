"""The page at the end of a run: written unless told not to, and never in the way of the run's results."""

import pytest

import viewlearn.report as report
from viewlearn.training import make_parser


@pytest.fixture
def written(monkeypatch):
    """The calls of ``write_report``, which write a word each."""
    calls = []

    def write(folders, out, **settings):
        calls.append((folders, settings))
        out.write_text("page")
        return out

    monkeypatch.setattr(report, "write_report", write)
    return calls


def test_by_default_a_run_ends_with_its_page():
    assert make_parser("").get_defaults().report is True


def test_the_page_is_of_the_run_and_uses_its_parts(launch, written):
    folder, parts, _ = launch("--report", "true")
    assert folder.report.read_text() == "page"
    ((folders, settings),) = written
    assert folders == [folder.path]
    assert settings["parts"] == {str(folder.path): parts}
    assert settings["analyse"].device == "cpu"


def test_none_when_not_wanted(launch, written):
    folder, _, _ = launch("--report", "false")
    assert not written
    assert not folder.report.exists()


def test_a_page_that_fails_is_one_line_and_the_run_stands(launch, monkeypatch, capsys):
    def fail(*args, **settings):
        raise RuntimeError("the disk\nis full")

    monkeypatch.setattr(report, "write_report", fail)
    folder, _, results = launch("--report", "true")
    told = [line for line in capsys.readouterr().err.splitlines() if "couldn't be written" in line]
    assert len(told) == 1
    assert "RuntimeError: the disk" in told[0]
    assert folder.results.is_file()
    assert results is not None
