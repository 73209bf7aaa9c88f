"""Nothing runs unasked: planted names are neither called nor, from a run's folder, imported."""

import sys
from copy import deepcopy
from pathlib import Path

import pytest
import torch
import yaml
from jsonargparse import Namespace
from safetensors.torch import save_file
from torch.optim import Optimizer

import viewlearn
from viewlearn.encoders import Encoder
from viewlearn.evaluate import main as evaluate
from viewlearn.report.__main__ import main as report
from viewlearn.runs import Evaluator, Questions, RunFolder, load_run, make_parser, run
from viewlearn.runs.names import imported, names_of_folder, trusted_packages
from viewlearn.runs.parser import COMPONENTS
from viewlearn.runs.signatures import classes_in, makes
from viewlearn.views import Identity, View

MODULE = """
import os, pathlib
import torch
from viewlearn.views import Identity

pathlib.Path("imported").touch()


def ran(*args, **kwargs):
    pathlib.Path("ran").touch()


def annotated() -> int:
    pathlib.Path("ran").touch()


class Anything:
    def __init__(self, **kwargs):
        pathlib.Path("ran").touch()

    def __call__(self, *args):
        pathlib.Path("ran").touch()


class Mine(Identity):
    pass
"""
TOUCH = {"command": "touch ran"}
COMMANDS = [
    {"class_path": "os.system", "init_args": TOUCH},
    {"class_path": "posix.system", "init_args": TOUCH},
    {"class_path": "subprocess.Popen", "init_args": {"args": ["touch", "ran"]}},
    {"class_path": "os.system", "dict_kwargs": TOUCH},
    "os.system",
    "{class_path: os.system, init_args: {command: touch ran}}",
    {"class_path": "functools.partial", "init_args": {"func": "os.system"}},
    # What trusted packages hold, but no place asks for.
    {"class_path": "torch.serialization.os.system", "init_args": TOUCH},
    {"class_path": "torch.utils.cpp_extension.subprocess.check_call", "init_args": {"args": ["touch", "ran"]}},
    {"class_path": "torch.hub.load", "init_args": {"repo_or_dir": ".", "model": "ran", "source": "local"}},
    {"class_path": "torch.nn.Linear", "init_args": {"in_features": 1, "out_features": 1}},
]
MODULES = [
    {"class_path": "planted.Anything"},
    {"class_path": "planted.Anything", "init_args": {"a": 1}},
    {"class_path": "planted.ran"},
    {"class_path": "planted.annotated"},
    "planted.ran",
    "planted.Anything",
    "{class_path: planted.Anything}",
]


def nested(plant: object) -> list[object]:
    """Views with a planted one at depth."""
    apply = {"class_path": "viewlearn.RandomApply", "init_args": {"view": plant}}
    compose = {"class_path": "viewlearn.Compose", "init_args": {"entries": {"a": plant}}}
    twice = {"class_path": "viewlearn.Compose", "init_args": {"entries": {"a": apply}}}
    elsewhere = {"class_path": "viewlearn.Viewmaker", "init_args": {"budget": plant}}
    return [apply, compose, twice, elsewhere, {"class_path": "viewlearn.Compose", "init_args": {"entries": [plant]}}]


ALL = (*COMMANDS, *MODULES)
FEW = (COMMANDS[0], COMMANDS[5], COMMANDS[7], MODULES[0], MODULES[4])
PLANTS = [(place, plant) for place in COMPONENTS if place != "views_optimizer" for plant in ALL]
PLANTS += [("views_optimizer", plant) for plant in FEW]
PLANTS += [("views", each) for plant in FEW for each in nested(plant)]
PLANTS += [("optimizer", {"class_path": "SGD", "init_args": {"lr": each}}) for each in FEW]
PLANTS += [("probes", [each]) for each in FEW] + [("trackers", each) for each in FEW]


@pytest.fixture
def settings(monkeypatch) -> dict:
    """A whole configuration, as a run's folder has it, in a folder with a module that nobody asked for."""
    monkeypatch.delitem(sys.modules, "planted", raising=False)
    Path("planted.py").write_text(MODULE)
    parser = make_parser("", {"data": {"class_path": "vision.PhotoDigits", "init_args": {"num_train": 64}}})
    flags = ["--encoder.name", "resnet10w4", "--views.width", "4", "--device", "cpu", "--threads", "1"]
    return yaml.safe_load(parser.dump(parser.parse(flags), skip_unset=False))


def write_run(settings: dict, place: str, plant: object, path: str = "run") -> Path:
    folder = RunFolder(path)
    folder.create(texts={folder.config.name: yaml.safe_dump({**deepcopy(settings), place: plant})})
    save_file({"x": torch.zeros(1)}, folder.encoder)
    folder.release()
    return folder.path


def nothing_ran() -> bool:
    return not Path("ran").exists()


def nothing_was_imported() -> bool:
    return not Path("imported").exists() and "planted" not in sys.modules


def use(config: Namespace) -> None:
    """Makes each component by itself, and calls what makes the others."""
    parser = make_parser()
    for name in COMPONENTS:
        made = parser.make(Namespace(**{name: config[name]}))[name]
        if name == "optimizer":
            made([torch.zeros(1, requires_grad=True)])


def test_of_many_planted_names_none_is_imported_or_called(settings):
    parser = make_parser()
    assert len(PLANTS) > 130
    for place, plant in PLANTS:
        path = Path("config.yaml")
        path.write_text(yaml.safe_dump({**deepcopy(settings), place: plant}))
        with pytest.raises(ValueError) as error:
            use(parser.read(path))
        assert "\n" not in str(error.value)
        assert nothing_ran() and nothing_was_imported(), (place, plant, str(error.value))


def test_a_users_own_file_calls_only_what_fits(settings):
    parser = make_parser()
    for place, plant in PLANTS[::4]:
        Path("file.yaml").write_text(yaml.safe_dump({**deepcopy(settings), place: plant}))
        with pytest.raises(ValueError) as error:
            use(parser.parse(["--config", "file.yaml"]))
        assert "\n" not in str(error.value)
        assert nothing_ran(), (place, plant, str(error.value))


@pytest.mark.parametrize(
    ("place", "plant"),
    [
        *((place, COMMANDS[0]) for place in ("data", "encoder", "views", "optimizer")),
        ("views", MODULES[0]),
        ("views", {"class_path": "planted.Mine"}),
    ],
)
def test_every_way_into_a_folder(settings, parser, monkeypatch, capsys, place, plant):
    folder = str(write_run(settings, place, plant))
    said = rf"run/config.yaml: the configuration can't be read: --{place}: {plant['class_path']} isn't imported"
    with pytest.raises(ValueError, match=said):
        run(parser, ["--resume", folder])
    with pytest.raises(ValueError, match=r"isn't imported"):
        load_run(make_parser(), RunFolder(folder))
    with pytest.raises(ValueError, match=r"isn't imported"):
        Evaluator("cpu").ask(folder, Questions())
    said_of_encoder = "isn't imported" if place == "encoder" else r"data\.json can't be read"
    with pytest.raises(ValueError, match=said_of_encoder):
        viewlearn.load(folder)  # reads nothing but the encoder's part
    monkeypatch.setattr("sys.argv", ["evaluate", folder, "--device", "cpu", "--threads", "1"])
    with pytest.raises(SystemExit, match=said):
        evaluate()
    monkeypatch.setattr("sys.argv", ["report", folder, "--out", "page.html"])
    report()  # a page with gaps
    assert "isn&#39;t imported" in Path("page.html").read_text()
    assert nothing_ran() and nothing_was_imported()


def test_who_trusts_a_folder_says_so(settings):
    folder = write_run(settings, "views", {"class_path": "planted.Mine"})
    parser = make_parser()
    config = parser.read(folder / "config.yaml", trust=True)
    assert type(parser.make(Namespace(views=config.views)).views).__name__ == "Mine"
    assert Path("imported").exists() and nothing_ran()


def test_a_folder_cannot_trust_itself(settings, parser):
    folder = write_run({**settings, "trust": True}, "views", {"class_path": "planted.Mine"})
    with pytest.raises(ValueError, match="isn't imported"):
        run(parser, ["--resume", str(folder)])
    assert nothing_was_imported()


@pytest.mark.parametrize("function", ["os.getcwd", "planted.ran", "planted.annotated", "vision.CIFAR10", "nowhere.f"])
def test_corruptions_come_from_functions_that_say_so(settings, function):
    from viewlearn.runs.evaluator import _make_corruptions

    with pytest.raises(ValueError, match="corruptions"):
        _make_corruptions(function)
    assert nothing_ran()
    assert len(_make_corruptions("vision.corruptions.imagenet_c")) == 15


@pytest.mark.parametrize("key", ["help", "print_config", "views.help", "optimizer.help", "encoder.help"])
def test_no_setting_of_a_folder_ends_the_process(settings, key):
    folder = write_run(settings, key, "viewlearn.Viewmaker")
    with pytest.raises(ValueError):
        make_parser().read(folder / "config.yaml")


def test_a_folder_reads_no_other_file(settings):
    parser = make_parser()
    Path("more.yaml").write_text("views: planted.Mine")
    folder = write_run(settings, "config", "more.yaml")
    assert parser.read(folder / "config.yaml").views.class_path == "viewlearn.Viewmaker"
    folder = write_run(settings, "views", "more.yaml", "other")
    with pytest.raises(ValueError, match=r"more\.yaml"):
        parser.read(folder / "config.yaml")
    assert nothing_was_imported()


def make_mine(budget: float = 0.1) -> Identity:
    return Identity()


def unsaid():
    raise AssertionError("was called")


def make_sgd(params: list, lr: float = 0.5) -> torch.optim.SGD:
    return torch.optim.SGD(params, lr)


def test_functions_that_make_instances(monkeypatch):
    monkeypatch.setitem(sys.modules, "functions", sys.modules[__name__])
    parser = make_parser()
    views = parser.parse(["--views", "functions.make_mine", "--data", "vision.PhotoDigits"]).views
    assert isinstance(parser.make(Namespace(views=views)).views, Identity)
    optimizer = parser.parse(["--optimizer", "functions.make_sgd", "--data", "vision.PhotoDigits"]).optimizer
    made = parser.make(Namespace(optimizer=optimizer)).optimizer([torch.zeros(1, requires_grad=True)])
    assert made.param_groups[0]["lr"] == 0.5
    with pytest.raises(ValueError, match="isn't called"):
        parser.parse(["--views", "functions.unsaid", "--data", "vision.PhotoDigits"])


def test_what_makes_what():
    assert makes(Identity, (View,)) and makes(make_mine, (View,)) and makes(make_sgd, (Optimizer,))
    assert not makes(Encoder, (View,)) and not makes(unsaid, (View,)) and not makes(len, (View, int))
    assert not makes(Identity, ())
    assert classes_in(dict[str, View] | list[Encoder] | int | None) == (View, Encoder)


def test_restrictions_end_and_nest(settings):
    with names_of_folder(trust=False):
        with pytest.raises(ImportError, match=r"planted.ran isn't imported.*viewlearn, vision, audio, torch"):
            imported("planted.ran")
        assert imported("viewlearn.Viewmaker") is viewlearn.Viewmaker
    assert imported("planted.ran").__name__ == "ran"
    assert {"viewlearn", "vision", "audio", "torch", "timm"} <= set(trusted_packages())


def test_a_package_in_the_current_folder_is_no_installed_one(settings, monkeypatch):
    """timm needn't be installed; a folder of that name, beside a run from elsewhere, isn't it."""
    monkeypatch.setitem(sys.modules, "timm", None)
    monkeypatch.delitem(sys.modules, "timm")
    monkeypatch.setattr("sys.path", [entry for entry in sys.path if "site-packages" not in entry])
    Path("timm.py").write_text(MODULE)
    make_parser()
    with names_of_folder(trust=False), pytest.raises(ImportError):
        imported("timm.Mine")
    assert nothing_was_imported()
