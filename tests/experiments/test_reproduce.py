"""The engine behind the tables, with runs that are made up instead of trained."""

import json
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

import vision  # noqa: F401
from viewlearn.evaluation import Results, Row, Score
from viewlearn.evaluation.feature_dropping import Destruction, FeatureDropping
from viewlearn.evaluation.feature_dropping.results import TaskDropping, ViewsEffect
from viewlearn.runs import make_parser, run

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.fixture
def reproduction(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(EXPERIMENTS)])  # last, as the scripts do: theory is a package
    import reproduction

    return reproduction


@pytest.fixture
def grid(reproduction, tmp_path):
    return reproduction.load_grid("cifar10_digits", "cpu", 2, "/data", tmp_path, ("--steps", "7"))


def unpadded(text: str) -> str:
    """A table whose cells aren't aligned."""
    return re.sub(r" +", " ", text)


def finish(cell, accuracy: float) -> None:
    score = {"accuracy": accuracy, "low": 0.0, "high": 1.0, "num_train": 9, "num_test": 9}
    rows = [
        {"task": task, "probe": "linear", "trained": score, "random": None, "majority": 0.1, "uniform": 0.1}
        for task in ("object", "digit")
    ]
    cell.folder.mkdir(parents=True)
    content = {"rows": rows, "info": {"commit": "abc1234", "steps": 7, "device": "CPU", "torch": "2"}}
    (cell.folder / "results.json").write_text(json.dumps(content))


def test_every_table_is_declared_whole(reproduction, tmp_path):
    names = reproduction.table_names()
    assert {"cifar10_digits", "cifar10_letters", "cifar10_shapes", "spoken_digits_percussion", "looc"} <= {*names}
    for name in names:
        for scale in ("cpu",) if name in ("main_job", "randbit", "recipe") else ("cpu", "gpu"):  # for small compute
            grid = reproduction.load_grid(name, scale, 3, "D", tmp_path)
            assert len(grid.cells) == 3 * len(grid.rows) == len({cell.folder for cell in grid.cells})
            assert set(grid.published) <= set(grid.rows)
            assert all("{data}" not in flag for cell in grid.cells for flag in cell.flags)


def test_flags(reproduction, grid, tmp_path):
    flags = grid.cells[0].flags
    assert flags[flags.index("--data.root") + 1] == "/data/cifar10"
    assert flags[-2:] == ("--steps", "7")
    speech = reproduction.load_grid("spoken_digits_alone", "cpu", 1, "/data", tmp_path)
    composed = next(cell for cell in speech.cells if cell.row.startswith("SpectralViews, then")).flags
    assert json.loads(composed[composed.index("--views") + 1])["init_args"]["entries"].keys() == {
        "designed",
        "viewmaker",
    }


def test_a_value_may_differ_between_scales(reproduction, tmp_path):
    for scale, momentum in (("cpu", "0.99"), ("gpu", "0.999")):
        grid = reproduction.load_grid("looc", scale, 1, "D", tmp_path)
        flags = next(cell for cell in grid.cells if cell.row == "MoCo").flags
        assert flags[flags.index("--method.momentum") + 1] == momentum


def test_the_command_starts(start, tmp_path):
    code, said = start(EXPERIMENTS / "reproduce.py", "looc", "--seeds", "1", "--dry_run", folder=tmp_path).finish()
    assert code == 0, said
    assert "--method LooC --" in said
    assert "runs: 0 done, 0 to go on with" in said and "missing" in said


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--dry-run", "there is no flag --dry-run; did you mean --dry_run?"),
        ("--dry_run --batch-size 3", "there is no flag --batch-size; did you mean --batch_size?"),
        ("--dry_run --batch_size many", "--batch_size: expected int in [1, 1000000000], got 'many'"),
        ("--dry_run 3", "'3' belongs to no flag"),
    ],
)
def test_a_flag_that_no_run_has_begins_none(flags, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(EXPERIMENTS)])
    monkeypatch.setattr(sys, "argv", ["reproduce.py", "main_job", *flags.split()])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(EXPERIMENTS / "reproduce.py"), run_name="__main__")
    assert said in capsys.readouterr().err + str(end.value)
    assert not list(tmp_path.iterdir())


def test_the_outlook_of_tables(reproduction, tmp_path, monkeypatch):
    root, out = tmp_path / "data", tmp_path / "out"
    (root / "cifar10").mkdir(parents=True)
    looc = reproduction.load_grid("looc", "cpu", 1, str(root), out)
    assert reproduction.missing_data([looc], str(root)) == {str(root / "digits"): ["looc"]}
    video = reproduction.load_grid("video", "cpu", 1, str(root), out)
    assert reproduction.missing_data([video], str(root)) == {}  # a cache is made
    gpu = reproduction.load_grid("looc", "gpu", 1, str(root), out)
    assert {str(root / name) for name in ("imagenet", "imagenet100.txt")} <= {
        *reproduction.missing_data([gpu], str(root))
    }

    grid = reproduction.load_grid("recipe", "cpu", 2, str(root), out)
    monkeypatch.setattr(sys.modules["reproduction.outlook"], "peak_flops", lambda *args: 5e11)
    *commands, runs, duration, data = reproduction.outlook([grid, grid], str(root), jobs=2, threads=1)
    number = len(grid.cells)
    assert len(commands) == number and all("--compute 5" in command for command in commands)
    assert runs == f"{number} runs: 0 done, 0 to go on with, {number} to begin; 2 at a time"
    assert data == "data: all there"
    seconds = number * 10 / 2  # 5 TFLOP each at half a TFLOP/s
    assert duration.startswith(f"training: at least {seconds / 60:.2g} min, at this machine's 500 GFLOP/s of matrix")

    def log(cell, *speeds: float) -> None:
        """What a run has logged after each TFLOP."""
        cell.folder.mkdir(parents=True, exist_ok=True)
        (cell.folder / "config.yaml").write_text("")
        lines = [json.dumps({"step": k, "tflop": k, "gflop_per_second": speed}) for k, speed in enumerate(speeds, 1)]
        (cell.folder / "timings.jsonl").write_text("\n".join(lines) + "\n")

    first, second, third = grid.cells[:3]
    finish(first, 0.5)
    log(first, 10, 10, 10, 10, 20)  # 450 s
    log(second, 10, 10)  # the same row, after 200 s of probably 450
    *commands, runs, duration, data = reproduction.outlook([grid], str(root), jobs=1, threads=1)
    assert runs == f"{number} runs: 1 done, 1 to go on with, {number - 2} to begin; 1 at a time"
    assert "--resume" in commands[0] and third.folder.name in commands[1]
    rate = (5 / 450 + 2 / 200) / 2  # TFLOP/s, of the two
    hours = (250 + (number - 2) * 5 / rate) / 3600
    assert duration == f"training: about {hours:.2g} h, by the speed of 2 runs that have been timed here"

    steps = reproduction.load_grid("video", "cpu", 1, str(root), out)
    *_, duration, _ = reproduction.outlook([steps], str(root), jobs=1, threads=1)
    assert duration == "training: 5 runs are given by steps, whose time isn't known before one of them has run"


def test_table(reproduction, grid):
    first, second = (cell for cell in grid.cells if cell.row == "SimCLRViews, strength 0.5")
    finish(first, 0.40)
    finish(second, 0.44)
    finish(grid.cells[0], 0.3)
    text = reproduction.results_table(grid, "python experiments/reproduce.py cifar10_digits")
    rows = {
        line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:]]
        for line in text.splitlines()
        if "|" in line
    }
    assert rows["SimCLRViews, strength 0.5"][:2] == ["42.0 ± 2.8", "42.0 ± 2.8"]
    assert "published |" not in text  # nothing was
    assert rows["NoViews"][0] == "30.0"
    assert rows["Viewmaker, ε 0.1"][0] == "—"
    assert "2 of 2" in rows["SimCLRViews, strength 0.5"] and "0 of 2" in rows["Viewmaker, ε 0.1"]
    assert "abc1234" in text and "reproduce.py cifar10_digits" in text


def answers(reproduction, grid, cell, name: str, accuracies: dict, **changed) -> None:
    """Writes an evaluation's file: accuracies by (task, probe, layer)."""
    evaluation = next(each for each in grid.evaluations if each.name == name)
    questions = sys.modules["reproduction.answers"].questions_to(grid, cell, evaluation)
    rows = tuple(
        Row(task, probe, *[Score(accuracy, 0, 1, 9, 9)] * 2, 0.1, 0.1, layer)
        for (task, probe, layer), accuracy in accuracies.items()
    )
    info = {"commit": "def5678", "questions": {**questions.to_dict(), **changed}}
    evaluation.path(cell).write_text(json.dumps(Results(rows, info).to_dict()))


def test_a_table_with_evaluations(reproduction, tmp_path):
    grid = reproduction.load_grid("looc", "cpu", 2, "/data", tmp_path)
    cells = {row: [cell for cell in grid.cells if cell.row == row] for row in grid.rows}
    for cell, accuracy in zip(cells["LooC, rotation"], (0.5, 0.6), strict=True):
        finish(cell, 0.3)
        answers(
            reproduction,
            grid,
            cell,
            "layers",
            {
                ("object", "linear", "V"): 0.31,
                ("rotation", "factor", "V"): accuracy,
                ("rotation", "factor", "Z_rotation"): 0.9,
                ("object", "5-shot", "V"): 0.2,
            },
        )
        answers(reproduction, grid, cell, "kept", {("rotation", "shared", "Z_rotation"): 0.97})
    finish(cells["supervised"][0], 0.6)
    answers(reproduction, grid, cells["supervised"][0], "layers", {("rotation", "factor", "V"): 0.7})
    text = reproduction.results_table(grid, "COMMAND")
    table, by_layer = (
        {tuple(texts[:num]): texts[num:] for line in part.splitlines() if (texts := _texts(line))}
        for part, num in zip(text.split("By layer:"), (1, 2), strict=True)
    )
    head = table["",]
    row = dict(zip(head, table["LooC, rotation",], strict=True))
    assert row["rotation"] == "55.0 ± 7.1"
    assert row["rotation, published"] == "65.2"
    assert row["5-shot"] == "20.0 ± 0.0"
    assert row["color"] == "—"
    assert "5-shot, published" not in head and "features" in head
    assert dict(zip(head, table["random encoder",], strict=True))["rotation"] == "70.0"
    head = by_layer["", "features"]
    assert dict(zip(head, by_layer["LooC, rotation", "V"], strict=True))["object"] == "31.0 ± 0.0"
    row = dict(zip(head, by_layer["LooC, rotation", "Z_rotation"], strict=True))
    assert (row["rotation"], row["keeps rotation"], row["object"]) == ("90.0 ± 0.0", "97.0 ± 0.0", "—")
    assert "supervised" not in {name for name, _ in by_layer}  # it has one layer only
    assert "beyond their own results: def5678" in text


def _texts(line: str) -> list[str]:
    return [text.strip() for text in line.split("|")[1:-1]]


def test_runs_are_asked_once_and_again_when_the_question_changed(reproduction, tmp_path, monkeypatch):
    grid = reproduction.load_grid("looc", "cpu", 1, "/data", tmp_path)
    extras = sys.modules["reproduction.answers"]
    asked = []
    monkeypatch.setattr(extras, "Evaluator", lambda device: None)
    monkeypatch.setattr(extras, "answer", lambda evaluator, run, questions, path: asked.append((run, questions, path)))
    extras.ask_runs(grid)
    assert not asked  # nothing is done
    supervised = grid.cells[0]
    finish(supervised, 0.5)
    extras.ask_runs(grid)
    assert [path.name for _, _, path in asked] == ["evaluation-layers.json", "evaluation-digits.json"]
    assert all(questions.random_encoder for _, questions, _ in asked)
    assert asked[1][1].data["data.overlay.root"] == "/data/digits"
    answers(reproduction, grid, supervised, "layers", {})
    answers(reproduction, grid, supervised, "digits", {}, num_test=7)
    asked.clear()
    extras.ask_runs(grid)
    assert [path.name for _, _, path in asked] == ["evaluation-digits.json"]


def test_mistakes_in_a_declaration_are_named(reproduction):
    make = sys.modules["reproduction.grid"]._evaluation
    for own, said in (
        ({"questions": {"shot": [5]}}, "no question 'shot'; there are: tasks, probes, layers"),
        ({"questions": {}, "column": {}}, "'e' has a key 'column'"),
        ({"questions": {}, "rows": ["B*"]}, "asks rows 'B\\*'; there are: A"),
    ):
        with pytest.raises(ValueError, match=said):
            make("e", {"rows": {"A": None}, "evaluations": {"e": own}}, "D")


def test_execution_skips_resumes_and_tells_failures(reproduction, grid, monkeypatch):
    done, stopped, failing, fresh = grid.cells[:4]
    finish(done, 0.5)
    stopped.folder.mkdir(parents=True)
    (stopped.folder / "config.yaml").write_text("")
    execute = sys.modules["reproduction.execute"]
    assert execute.command(stopped, 1)[2:] == ["--resume", str(stopped.folder)]
    assert execute.command(fresh, 2)[-8:-4] == ["--seed", "1", "--threads", "2"]
    assert execute.command(fresh, 2)[-4:] == ["--report", "false", "--out", str(fresh.folder)]
    began = []

    def pretend(cell, threads):
        began.append(cell)
        path = f"pathlib.Path({str(cell.folder)!r})"
        write = f"import pathlib; {path}.mkdir(exist_ok=True); ({path} / 'results.json').touch()"
        return [sys.executable, "-c", "raise SystemExit(3)" if cell is failing else write]

    monkeypatch.setattr(execute, "command", pretend)
    assert execute.execute(grid.cells[:4], jobs=2).failed == [failing]
    assert set(began) == {stopped, failing, fresh}
    assert fresh.done
    assert failing.folder.with_name(failing.folder.name + ".log").is_file()
    began.clear()
    assert execute.execute(grid.cells[:2], jobs=2) == execute.Unfinished([], [])
    assert not began


def test_execution_stops_in_time(reproduction, grid, monkeypatch):
    """A run is told how long it has, and what it saved is left for the same command; later ones aren't begun."""
    execute = sys.modules["reproduction.execute"]
    first, second, third = grid.cells[:3]
    write = f"import pathlib, sys; pathlib.Path({str(first.folder)!r} + '.told').write_text(' '.join(sys.argv[1:]))"
    monkeypatch.setattr(execute, "command", lambda *_: [sys.executable, "-c", f"{write}; sys.exit({execute.LATER})"])
    clock = iter([0.0, 600.0, 700.0])
    monkeypatch.setattr(execute.time, "monotonic", lambda: next(clock))
    outcome = execute.execute([first, second, third], jobs=1, until=540.0)
    assert outcome == execute.Unfinished([], [first, second, third])
    assert first.folder.with_name(first.folder.name + ".told").read_text() == "--stop_after 9.00"
    assert not second.folder.with_name(second.folder.name + ".log").exists()


def test_another_declaration_is_not_taken_for_the_old_one(reproduction, grid, tmp_path, monkeypatch):
    execute = sys.modules["reproduction.execute"]
    monkeypatch.setattr(execute, "command", lambda cell, threads: [sys.executable, "-c", ""])
    execute.execute(grid.cells[:1], jobs=1)
    changed = reproduction.load_grid("cifar10_digits", "cpu", 2, "/data", tmp_path, ("--steps", "8"))
    execute.execute(changed.cells[:1], jobs=1)  # nothing was begun: the first stopped before it had a folder
    changed.cells[0].folder.mkdir(parents=True)
    changed = reproduction.load_grid("cifar10_digits", "cpu", 2, "/data", tmp_path, ("--steps", "9"))
    with pytest.raises(ValueError, match="begun with other flags"):
        execute.execute(changed.cells[:1], jobs=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cifar11", "cpu", 1), "no table 'cifar11'; there are: "),
        (("looc", "tpu", 1), "no scale 'tpu'; there are: cpu, gpu"),
        (("looc", "cpu", 0), "seeds is 0"),
    ],
)
def test_bad_input(reproduction, tmp_path, arguments, said):
    with pytest.raises(ValueError, match=said):
        reproduction.load_grid(*arguments, "D", tmp_path)


def analyze(cell, rates: dict[str, float]) -> None:
    """Writes an analysis whose views destroy labels at these rates."""
    tasks = {
        task: TaskDropping(Destruction(rate, 0.0, 1.0, 1.0, 9, 9), [1.0], [1.0], rate, rate, 10)
        for task, rate in rates.items()
    }
    FeatureDropping({"final": ViewsEffect(tasks, {}, None)}, {}, {}, 9, 1, 0.5).save(
        cell.folder / "feature_dropping.json"
    )


def test_what_views_destroy_is_tabulated_and_drawn(reproduction, grid, tmp_path, monkeypatch):
    save = import_module("reproduction.tradeoffs").save_table_tradeoffs
    assert save([grid], tmp_path / "none.png") is None
    drawn = []
    figure = sys.modules["reproduction.tradeoffs"]
    monkeypatch.setattr(figure, "save_tradeoffs", lambda path, rows: drawn.append(rows) or path)
    for cell, accuracy, rate in zip(grid.cells, (0.3, 0.34, 0.4), (0.0, 0.1, 0.25), strict=False):
        finish(cell, accuracy)
        analyze(cell, {"object": rate, "digit": 2 * rate})
    finish(grid.cells[4], 0.5)  # its views weren't analyzed
    other = reproduction.load_grid("spoken_digits_percussion", "cpu", 1, "/data", tmp_path)
    assert save([grid, other], tmp_path / "t.png") == tmp_path / "t.png"
    [[(by_object, by_digit)]] = drawn
    assert (by_object.tasks, by_digit.tasks) == (("object", "digit"), ("digit", "object"))
    assert [run[1:] for run in by_digit.runs] == [(0.0, 0.3), (0.2, 0.34), (0.5, 0.4)]
    assert [run.name for run in by_digit.runs] == ["NoViews", "NoViews", "SimCLRViews, strength 0.5"]
    text = reproduction.results_table(grid, "COMMAND")
    assert "| NoViews | 32.0 ± 2.8 | 32.0 ± 2.8 | 5.0 ± 7.1 | 10.0 ± 14.1 | 2 of 2 |" in unpadded(text)


def train(folder: Path) -> None:
    """A tiny run."""
    data = "--data vision.PhotoDigits --data.num_train 64 --data.num_validation 32 --data.num_test 32 --views NoViews"
    model = "--encoder Backbone --encoder.name resnet10w4 --method SimCLR --method.temperature 0.2 --batch_size 32"
    rest = "--steps 1 --monitor_every 0 --probes [knn] --threads 1 --device cpu --precision fp32 --report false"
    run(make_parser(""), [*f"{data} {model} {rest}".split(), "--out", str(folder)])


def test_the_linear_models_curve_rises_with_destruction(reproduction, grid, tmp_path):
    """From the smallest accuracy to the largest, over rates from none to a label that is always redrawn."""
    cell = grid.cells[0]
    train(cell.folder)
    figure = sys.modules["reproduction.tradeoffs"]
    points = [figure.Tradeoff("a", 0.1, 0.3), figure.Tradeoff("b", 0.4, 0.5)]
    rates, accuracies = figure._prediction(grid, points, "region", "digit")
    assert (rates[0], rates[-1]) == (0, pytest.approx(87.5))  # of eight regions
    assert accuracies == sorted(accuracies)
    assert (accuracies[0], accuracies[-1]) == (pytest.approx(30, abs=0.5), pytest.approx(50))
    assert figure._prediction(grid, points, "object", "digit") is None  # no such task in these data


def test_a_table_may_take_rows_from_another(reproduction, tmp_path):
    grid = reproduction.load_grid("invariance", "cpu", 2, "/data", tmp_path)
    looc = reproduction.load_grid("looc", "cpu", 2, "/data", tmp_path)
    taken = [cell for cell in grid.cells if cell.row == "LooC"]
    assert [(cell.folder, cell.flags) for cell in taken] == [
        (cell.folder, cell.flags) for cell in looc.cells if cell.row == "LooC, color and rotation"
    ]
    assert "--images /data/cifar10 --sets synthetic solids --variations" in " ".join(grid.invariance)


@pytest.mark.slow
def test_invariances_are_measured_once_and_tabulated(reproduction, grid, tmp_path, monkeypatch):
    train(grid.cells[0].folder)
    sets = ("--sets", "solids", "--solids", "instance", "--num_sets", "3", "--permutations", "3")
    grid = replace(grid, cells=grid.cells[:1], invariance=sets, folder=tmp_path, tasks=(), destruction=False)
    assert "Invariances" not in reproduction.results_table(grid, "COMMAND")
    reproduction.measure_invariances(grid, 1)
    text = reproduction.results_table(grid, "COMMAND")
    for measure in ("RIS released top-10", "RIS formula top-10", "variance ratio", "whitened cosine"):
        table = unpadded(text).split(f"| {measure} |")[1].split("\n\n")[0]
        assert "solids: instance" in table and "| NoViews |" in table and "| random |" in table
    asked = []
    real = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: asked.append(args) or real(["true"]))
    reproduction.measure_invariances(grid, 1)
    assert not asked
    (grid.cells[0].folder / "results.json").touch()  # the run was made anew
    reproduction.measure_invariances(grid, 1)
    assert len(asked) == 1
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: real(["false"]))
    with pytest.raises(ValueError, match="couldn't be measured"):
        reproduction.measure_invariances(replace(grid, invariance=("--sets", "synthetic")), 1)
