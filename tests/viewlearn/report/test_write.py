"""What a page does with what it can't read, and with its own mistakes."""

import pytest

from viewlearn.report import report_run, write, write_report
from viewlearn.report.analysis import QUICK
from viewlearn.report.run_reader import MissingPart
from viewlearn.report.sections import tasks
from viewlearn.runs import RunFolder


def test_the_page_at_the_end_of_a_run_is_of_the_run_and_uses_its_parts(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(write, "write_report", lambda *args, **settings: calls.append((args, settings)))
    folder, parts = RunFolder(tmp_path), object()
    report_run(folder, parts)
    assert calls == [(([folder.path], folder.report), {"analyze": QUICK, "parts": {str(folder.path): parts}})]


@pytest.mark.parametrize("mistake", [KeyError, ValueError, TypeError, AttributeError, RuntimeError])
def test_a_mistake_in_a_section_is_seen(tmp_path, monkeypatch, mistake):
    def fail(runs):
        raise mistake("ours")

    monkeypatch.setattr(tasks, "section", fail)
    with pytest.raises(mistake, match="ours"):
        write_report([tmp_path], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_nothing_but_missing_parts_becomes_a_gap(tmp_path, monkeypatch):
    from viewlearn.report.sections import common

    def fail(run):
        raise error

    error: Exception = MissingPart("it was moved")
    run = type("Run", (), {"name": "a"})()
    ((name, (gap,)),) = common.each_run([run], fail)
    assert (name, gap.text) == ("a", "a: it was moved")
    error = KeyError("ours")
    with pytest.raises(KeyError):
        common.each_run([run], fail)
