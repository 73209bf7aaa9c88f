"""What a page does with what it can't read, and with its own mistakes."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from viewlearn.report import AnalysisSettings, report_run, write, write_report
from viewlearn.report import __main__ as command
from viewlearn.report.analysis import QUICK
from viewlearn.report.run_reader import MissingPart
from viewlearn.report.sections import embedding, tasks
from viewlearn.runs import RunFolder


def test_the_page_at_the_end_of_a_run_is_of_the_run_and_uses_its_parts(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(write, "write_report", lambda *args, **settings: calls.append((args, settings)))
    folder, parts = RunFolder(tmp_path), object()
    report_run(folder, parts)
    assert calls == [(([folder.path], folder.report), {"analyze": QUICK, "parts": {str(folder.path): parts}})]


@pytest.mark.parametrize("mistake", [KeyError, ValueError, TypeError, AttributeError, RuntimeError])
def test_a_mistake_in_a_section_is_seen(tmp_path, monkeypatch, mistake):
    def fail(*_):
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


def test_new_settings_measure_every_run_anew_and_say_so(tmp_path, monkeypatch, caplog):
    """None keeps an analysis by other settings while another has one by these."""
    wanted = AnalysisSettings(num_samples=40)
    saved = {"a": AnalysisSettings(num_samples=30), "b": wanted, "c": None}
    runs = [
        SimpleNamespace(name=name, index=k, folder=RunFolder(tmp_path / name), parts=object())
        for k, name in enumerate(saved)
    ]

    def found(run):
        settings = saved[run.name]
        return None if settings is None else SimpleNamespace(settings=settings.of_run(run.folder)), ""

    made = []
    monkeypatch.setattr(write, "_saved", found)
    monkeypatch.setattr(write, "by_data", lambda runs: ([runs], []))
    monkeypatch.setattr(write, "analyze_runs", lambda runs, settings: made.append((runs, settings)) or {})
    with caplog.at_level("INFO", "viewlearn"):
        write._analyses(runs, wanted)
    assert made == [([runs[0], runs[2]], wanted)]
    assert caplog.messages == [
        "a: what its views destroy is measured now: what its folder has was measured with other settings (num_samples)",
        "b: what its views destroy is taken from its folder",
        "c: what its views destroy is measured now: it wasn't before",
    ]


@pytest.mark.parametrize("second, taken", [(AnalysisSettings(), True), (QUICK, False), (None, False)])
def test_what_was_asked_in_full_of_all_runs_isnt_asked_quickly_again(tmp_path, monkeypatch, second, taken):
    runs = [SimpleNamespace(name=name, folder=RunFolder(tmp_path / name)) for name in ("a", "b")]
    saved = {"a": AnalysisSettings(), "b": second}

    def found(run):
        settings = saved[run.name]
        return None if settings is None else SimpleNamespace(settings=settings.of_run(run.folder)), ""

    monkeypatch.setattr(write, "_saved", found)
    elsewhere = replace(QUICK, cache=tmp_path)
    assert (
        write._kept(runs, elsewhere) is elsewhere if not taken else write._kept(runs, elsewhere) == AnalysisSettings()
    )
    assert write._kept(runs, AnalysisSettings(num_samples=40)) == AnalysisSettings(num_samples=40)
    assert write._kept(runs, None) is None


@pytest.mark.parametrize("flags, form", [("", QUICK), ("--full true", AnalysisSettings())])
def test_the_command_asks_quickly_unless_it_is_told_otherwise(flags, form):
    parser = command._make_parser()
    assert command._settings(parser.parse_args(["a", *flags.split()])) == form
    more = command._settings(parser.parse_args(["a", *flags.split(), "--judge.steps", "7", "--num_draws", "3"]))
    assert more == replace(form, num_draws=3, judge=replace(form.judge, steps=7))


def test_the_map_takes_no_more_threads_than_the_report(monkeypatch):
    counts = []

    class Counting:
        def __init__(self, **settings):
            pass

        def fit_transform(self, features):
            counts.extend(each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas")
            return features[:, :2]

    monkeypatch.setattr("sklearn.manifold.TSNE", Counting)
    monkeypatch.setattr(embedding, "_scatter", lambda *args: None)
    torch.set_num_threads(1)
    with threadpool_limits(2, "blas"):
        embedding._map(None, SimpleNamespace(features=torch.rand(12, 3), labels={"digit": torch.zeros(12)}))
    assert counts and set(counts) == {1}
