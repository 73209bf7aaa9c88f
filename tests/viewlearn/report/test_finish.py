"""The page at the end of a run: never in the way of the run's results."""

from pathlib import Path

import pytest

from viewlearn.report import finish, report_run
from viewlearn.runs import RunFolder


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def test_the_page_is_of_the_run_and_uses_its_parts(folder, monkeypatch):
    calls = []
    monkeypatch.setattr(finish, "write_report", lambda *args, **settings: calls.append((args, settings)))
    parts = object()
    assert report_run(folder, parts)
    assert calls == [(([folder.path], folder.report), {"parts": {str(folder.path): parts}})]


def test_a_page_that_fails_is_one_line(folder, monkeypatch, capsys):
    def fail(*args, **settings):
        raise RuntimeError("the disk\nis full")

    monkeypatch.setattr(finish, "write_report", fail)
    assert not report_run(folder, None)
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert "RuntimeError: the disk" in told[0]


def test_other_errors_are_ours(folder, monkeypatch):
    def fail(*args, **settings):
        raise AssertionError

    monkeypatch.setattr(finish, "write_report", fail)
    with pytest.raises(AssertionError):
        report_run(folder, None)
    assert not Path(folder.report).exists()
