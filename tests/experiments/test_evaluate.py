"""evaluate.py by its flags, on a run of LooC that takes seconds."""

import errno
import json
import os
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest
from accelerate.state import AcceleratorState

import vision  # noqa: F401  (its classes can then be given by name)
from viewlearn.evaluation import Results
from viewlearn.runs import Questions, make_parser, place_of, run, saved_answers
from viewlearn.runs.questions import parse_factors, split_data

ROOT = Path(__file__).parents[2]
RUN = (
    "--data PhotoDigits --data.num_train 320 --data.num_validation 32 --data.num_test 64 --views LooCViews "
    "--method LooC --method.factors color+gray,rotation --method.queue 32 --batch_size 16 --steps 2 --log_every 1 "
    "--encoder BranchedBackbone --encoder.name resnet10w4 --probes [knn] --report false "
    "--monitor_every 0 --precision fp32 --threads 1 --device cpu"
)
pytestmark = pytest.mark.usefixtures("rough_fits")
SMALL = "--device cpu --threads 1 --precision fp32 --num_train 64 --num_test 48"


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Accelerate's state is global."""
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with ``runs/NAME`` in it, of LooC++."""
    folder = tmp_path_factory.mktemp("work")
    AcceleratorState._reset_state(reset_partial_state=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["viewlearn.runs.run"], "save_figures", lambda *_: [])
        run(make_parser(""), [*RUN.split(), "--out", str(folder / "runs/NAME")])
    return folder


def evaluate(folder: Path, monkeypatch, flags: str) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.argv", ["evaluate.py", *shlex.split(flags)])
    runpy.run_path(str(ROOT / "experiments/evaluate.py"), run_name="__main__")


def rows_of(folder: Path, name: str) -> dict:
    return {(row.task, row.probe, row.layer): row for row in Results.load(folder / "runs/NAME" / name).rows}


@pytest.mark.slow
def test_all_questions_by_flag(runs, monkeypatch, capsys):
    before = (runs / "runs/NAME/results.json").read_bytes()
    evaluate(
        runs,
        monkeypatch,
        f"runs/NAME {SMALL} --tasks digit --layers V V_rotation 'Z_*' V+Z_color+gray --shots 1 --episodes 3 --shared "
        "--factors turns=vision.QuarterRotation hue=vision.ColorJitter,hue=0.5:hue/8 color=color:hue both=color+gray/3 "
        "--corruptions --num_corrupted 5 --random_encoder --described color+gray crop --out runs/NAME/all.json",
    )
    assert (runs / "runs/NAME/results.json").read_bytes() == before
    rows = rows_of(runs, "all.json")
    layers = ("V", "V_rotation", "Z_*", "V+Z_color+gray")
    questions = (
        ("digit", "linear", 1 / 10),
        ("digit", "1-shot", 1 / 10),
        ("digit", "corruptions", 1 / 10),
        ("turns", "factor", 1 / 4),
        ("hue", "factor", 1 / 8),
        ("color", "factor", 1 / 4),
        ("both", "factor", 1 / 3),
    )
    for task, probe, chance in questions:
        for layer in layers:
            row = rows.pop((task, probe, layer))
            assert row.uniform == pytest.approx(chance)
            assert row.random is not None and row.trained.num_test in (5, 48, 3 * 48)
    spaces = ("all", "color+gray", "rotation")
    kept = {(f, "shared", f"{v}{s}") for f in spaces[1:] for v in ("V_", "Z_") for s in spaces}
    assert rows.keys() == kept | {(f, "shared", "V") for f in spaces[1:]}
    info = Results.load(runs / "runs/NAME/all.json").info
    assert info["robustness"]["digit/V"]["corrupted"].keys() >= {"fog", "snow"}
    assert {"commit", "torch", "questions", "run"} <= info.keys()
    assert {"V/crop", "V/color+gray", "V_rotation/crop", "Z_all/crop"} <= info["described"].keys()
    assert len(info["described"]["V/crop"]["each"]) == 4 and info["described"]["V/crop"]["r2"] < 1
    assert info["num_features"]["V"] == 3 * info["num_features"]["V_rotation"]
    assert "V_rotation" in capsys.readouterr().out


def test_on_other_data_and_each_layer(runs, monkeypatch):
    flags = f"runs/NAME {SMALL} --tasks digit --layers each --data.num_test=24 --out other.json"
    evaluate(runs, monkeypatch, flags)
    results = Results.load(runs / "other.json")
    spaces = ("all", "color+gray", "rotation")
    layers = ["V", *(f"V_{space}" for space in spaces), *(f"Z_{space}" for space in spaces), "Z_*"]
    assert [row.layer for row in results.rows] == layers
    assert {row.trained.num_test for row in results.rows} == {24}
    asked = {"tasks": ["digit"], "layers": ["each"], "data": {"data.num_test": "24"}, "num_train": 64, "num_test": 48}
    asked = Questions.of({**asked, "precision": "fp32"})
    assert saved_answers(asked, runs / "other.json") == results
    assert saved_answers(Questions(), runs / "other.json") is None
    assert saved_answers(asked, runs / "none.json") is None


def test_no_answers_take_anothers_place(tmp_path):
    first, second = Questions(seed=1), Questions(seed=2)
    for questions, name in (
        (first, "evaluation.json"),
        (second, "evaluation-2.json"),
        (first, "evaluation.json"),  # these very questions again: the answers are the same, or better
        (Questions(), "evaluation-3.json"),
    ):
        path = place_of(questions, tmp_path)
        assert path == tmp_path / name
        path.write_text(json.dumps(Results(info={"questions": questions.to_dict()}).to_dict()))
    assert len(list(tmp_path.iterdir())) == 3


def test_without_questions_the_runs_own_evaluation_is_repeated(runs, monkeypatch):
    path = runs / "runs/NAME/results.json"
    before = json.loads(path.read_text())
    evaluate(runs, monkeypatch, "runs/NAME --device cpu --threads 1")
    assert json.loads(path.read_text())["rows"] == before["rows"]


@pytest.mark.slow
def test_the_documents_commands(runs, monkeypatch, capsys):
    """As written, on few samples and of one task where the command doesn't choose; ten shots take more of them."""
    text = (ROOT / "docs/looc.md").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [line.strip() for line in text.splitlines() if line.startswith("    python experiments/evaluate.py")]
    assert len(commands) >= 5
    few = " --device cpu --threads 1 --precision fp32"
    for command in commands:
        line = re.sub(r"--num_(corrupted|train|test) \d+", "", command.split("#")[0].partition("evaluate.py")[2])
        if "--" in line:
            line = re.sub(r"--episodes \d+", "--episodes 2", line) + ("" if "--tasks" in line else " --tasks digit")
            num_train = 300 if "--shots" in line else 96
            evaluate(runs, monkeypatch, f"{line} --num_corrupted 4 --num_train {num_train} --num_test 48{few}")
    said = capsys.readouterr().out
    for picture in ("neighbors.png", "runs/NAME/figures/heads.png"):
        assert picture in said
        assert (runs / picture).stat().st_size > 5_000


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            "--layers V_texture",
            "no layer 'V_texture' among the features; there are: V, V_all, V_color+gray, V_rotation",
        ),
        ("--tasks letter", "no task 'letter' in this data; there are: "),
        ("--factors hue", "factor 'hue' isn't of the form NAME=VIEW"),
        ("--factors hue=tint:hue", "'tint' is neither an entry of the run's views (crop, color, gray, flip, rot"),
        ("--factors hue=color,hue=0.5:hue", "color is the run's own and takes no arguments"),
        ("--factors hue=color:hues", "no parameter 'hues' in this view; there are: brightness, contrast"),
        ("--factors hue=color:hue/x", "factor 'color:hue/x' isn't of the form VIEW[,ARGUMENT"),
        ("--factors a=color a=gray", "there are two factors 'a'"),
        ("--factors a=vision.ColorJitter,hues=1:hue", "ColorJitter has no argument 'hues'; did you mean"),
        ("--shared texture", "no entry 'texture' in the views; there are: crop, color"),
        ("--corruptions vision.corruptions.imagenet_d", "there are no corruptions 'vision.corruptions.imagenet_d'"),
        ("--data.overlay", "--data.overlay takes a value"),
        ("--shots 500", "shots"),
    ],
)
def test_mistakes_are_one_line(runs, monkeypatch, flags, said):
    with pytest.raises(SystemExit) as stop:
        evaluate(runs, monkeypatch, f"runs/NAME {SMALL} {flags} --out never.json")
    assert said in str(stop.value.code)
    assert not (runs / "never.json").exists()


def test_a_folder_that_can_t_be_written_to_is_one_line(runs, monkeypatch):
    refusal = OSError(errno.EROFS, os.strerror(errno.EROFS))
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(refusal))
    with pytest.raises(SystemExit, match=r"^error: runs/NAME/results.json can't be written: .*Read-only file system"):
        evaluate(runs, monkeypatch, "runs/NAME --device cpu --threads 1")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("runs/OTHER", "there is no run folder runs/OTHER"),
        ("runs/NAME runs/NAME --layers V --out a.json", "--out is one file for one run's answers"),
    ],
)
def test_which_run(runs, monkeypatch, flags, said):
    with pytest.raises(SystemExit, match=said):
        evaluate(runs, monkeypatch, f"{flags} --device cpu --threads 1")


def test_parsing():
    assert parse_factors(["a=x.Y,b=1:c/4"]) == {"a": "x.Y,b=1:c/4"}
    data = {"data": "X", "data.a": "b=c"}
    assert split_data(["--data", "X", "run", "--data.a=b=c", "--seed", "1"]) == (data, ["run", "--seed", "1"])
    with pytest.raises(ValueError, match="no question 'shot'; there are: tasks, probes"):
        Questions.of({"shot": 5})
