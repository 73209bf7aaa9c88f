"""The table that a run ends with."""

import shutil

import pytest
import torch

from viewlearn.data import DataSpec
from viewlearn.evaluation import Results, Row
from viewlearn.evaluation.feature_dropping import FeatureDropping, JudgeSettings
from viewlearn.evaluation.feature_dropping.destruction import Destruction, destruction
from viewlearn.evaluation.feature_dropping.results import TaskDropping, ViewsEffect
from viewlearn.evaluation.score import Score
from viewlearn.report import AnalysisSettings, MissingPart, saved_analysis, summarize
from viewlearn.runs import Questions, RunFolder, saved_answers

SCORE = Score(0.5, 0.4, 0.6, 100, 50)
ROWS = (
    Row("digit", "linear", SCORE, Score(0.25, 0.2, 0.3, 100, 50), 0.1, 0.1),
    Row("hue", "knn", SCORE, None, 0.1, 0.1),
)


def dropping(**more) -> FeatureDropping:
    clean = torch.full((8,), 0.9)
    viewed = torch.tensor([[0.9, 0.1]]).expand(8, 2)  # one of two views of each sample has lost the digit
    lost: Destruction = destruction(clean, viewed)
    effect = ViewsEffect({"digit": TaskDropping(lost, [], [], 0.5, 0.5, 10)}, {}, None)
    return FeatureDropping({"final": effect}, {"digit": Score(0.98, 0.97, 0.99, 100, 50)}, {}, 8, 2, 0.5, **more)


def test_each_accuracy_stands_beside_what_it_has_to_beat():
    head, _, digit, hue = summarize(Results(ROWS), dropping()).splitlines()
    assert head.split() == [
        "task",
        "probe",
        "trained",
        "untrained",
        "supervised",
        "majority",
        "destroyed",
        "by",
        "views",
    ]
    cells = [
        "digit",
        "linear",
        "50.0",
        "[40.0,",
        "60.0]",
        "25.0",
        "[20.0,",
        "30.0]",
        "98.0",
        "[97.0,",
        "99.0]",
        "10.0",
        "50.0",
    ]
    assert digit.split() == cells
    assert hue.split() == ["hue", "knn", "50.0", "[40.0,", "60.0]", "—", "—", "10.0", "—"]


def test_without_analysis_its_columns_are_empty():
    digit = summarize(Results(ROWS), None).splitlines()[2]
    assert digit.split()[-3:] == ["—", "10.0", "—"]
    assert "Nothing was evaluated" in summarize(Results(), None)


def test_an_analysis_says_how_it_was_made(tmp_path):
    settings = AnalysisSettings(judge=JudgeSettings("whitened4"))
    folder = RunFolder(tmp_path)
    dropping(settings=settings.of_run(folder)).save(tmp_path / "feature_dropping.json")
    assert saved_analysis(folder).settings == settings.of_run(folder) != AnalysisSettings().of_run(folder)


def test_an_analysis_of_another_run_or_step_is_none_of_this(tmp_path):
    one, other = RunFolder(tmp_path / "one"), RunFolder(tmp_path / "other")
    for folder, text in ((one, "steps: 1\n"), (other, "steps: 2\n")):
        folder.create(DataSpec((3, 8, 8)), {"config.yaml": text})
        folder.save_checkpoint(1, {})
        folder.release()
    path = dropping(settings=AnalysisSettings().of_run(one)).save(one.path / "feature_dropping.json")
    assert saved_analysis(one) is not None
    shutil.copy(path, other.path)
    with pytest.raises(MissingPart, match=r"other/feature_dropping\.json is of another run"):
        saved_analysis(other)
    one.save_checkpoint(2, {})
    with pytest.raises(MissingPart, match=r"one/feature_dropping\.json is from another step of the run"):
        saved_analysis(one)
    path.write_text(path.read_text()[:100])
    with pytest.raises(MissingPart, match=r"one/feature_dropping\.json can't be read"):
        saved_analysis(one)


def test_results_of_another_run_are_none_of_this(tmp_path):
    one, other = RunFolder(tmp_path / "one"), RunFolder(tmp_path / "other")
    for folder, text in ((one, "steps: 1\n"), (other, "steps: 2\n")):
        folder.create(DataSpec((3, 8, 8)), {"config.yaml": text})
        folder.release()
    one.save_results(Results(ROWS).to_dict())
    assert one.load_results() == Results(ROWS)
    shutil.copy(one.results, other.path)
    with pytest.raises(ValueError, match=r"other/results\.json is another run's"):
        other.load_results()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "\0"])
def test_damaged_answers_are_asked_for_again(tmp_path, content):
    path = tmp_path / "evaluation.json"
    path.write_text(content)
    assert saved_answers(Questions(), path) is None
