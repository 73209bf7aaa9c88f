"""Whatever a constructor refuses, the message begins with the flag that the user wrote."""

import sys

import pytest
import torch
from jsonargparse import Namespace

from viewlearn.runs import build_data, load_components, make_parser
from viewlearn.runs.flags import in_flags, naming_settings
from viewlearn.views import Identity


class Between(Identity):
    """A view with two arguments that must fit each other, as no type says.

    Args:
        smallest: The smaller one.
        largest: The larger one.
    """

    def __init__(self, smallest: float = 0.0, largest: float = 1.0):
        super().__init__()
        if smallest > largest:
            raise ValueError(f"smallest is {smallest}; it must be at most largest, {largest}")


def between(smallest: float = 0.0, largest: float = 1.0) -> Between:
    """Makes one; a function may, if it says so."""
    return Between(smallest, largest)


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    load_components()
    monkeypatch.setitem(sys.modules, "flagged", sys.modules[__name__])


SAID = r"smallest is 3\.0; it must be at most largest, 1\.0"


@pytest.mark.parametrize(
    ("flags", "key"),
    [
        ("--views flagged.Between --views.smallest 3", "--views."),
        ("--views flagged.between --views.smallest 3", "--views."),
        ("--views RandomApply --views.view flagged.Between --views.view.smallest 3", "--views.view."),
        (
            '--views Compose --views.entries {"a":{"class_path":"flagged.Between"},'
            '"b":{"class_path":"flagged.Between","init_args":{"smallest":3}}}',
            "--views.entries.b.",  # of two of a class, the one that was refused
        ),
    ],
)
def test_a_constructors_mistake_names_its_flag_at_any_depth(flags, key):
    parser = make_parser()
    with pytest.raises(ValueError, match=rf"^{key}{SAID}$"):
        parser.make(Namespace(views=parser.parse(["--data", "PhotoDigits", *flags.split(" ")]).views))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--data ImageFolder --data.root none --data.planes true", r"^--data\.planes is True, but"),
        (
            "--data ImageFolder --data.root none --data.overlay ScatteredDigit --data.overlay.smallest 0.95",
            r"^--data\.overlay\.smallest is 0\.95; it must be at most largest, 0\.9",
        ),
        ("--data SpokenDigits --data.root none", r"^--data\.root: none is not a folder"),
        ("--data STL10 --data.root none", r"^--data\.root, --data\.download: no STL-10 in 'none'"),
        ("--data ImageFolder --data.root none --data.size 8", r"^--data\.root: there is no folder 'none'"),
    ],
)
def test_our_own_components_do(flags, said):
    parser = make_parser()
    with pytest.raises(ValueError, match=said):
        build_data(parser, parser.parse(flags.split(" ")))


def test_what_a_deferred_component_refuses_names_its_flag():
    parser = make_parser()
    flags = "--data PhotoDigits --optimizer SGD --optimizer.lr 0.1 --optimizer.momentum 0 --optimizer.nesterov true"
    config = parser.parse(flags.split())
    made = parser.make(Namespace(optimizer=config.optimizer))
    with pytest.raises(ValueError, match=r"^--optimizer\.momentum, --optimizer\.dampening: Nesterov momentum requires"):
        made.optimizer([torch.zeros(1, requires_grad=True)])


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("size is 8; it must be even", "--data.size is 8; it must be even"),
        ("no room for 3 of size 8", "--data.size: no room for 3 of size 8"),
        ("resize it", "--data Toy: resize it"),
        ("there is no word 'left'", "--data.word: there is no word 'left'"),
        ("Invalid rate: 0.5", "--data.rate: Invalid rate: 0.5"),
        ("bad; allow --data.skip", "bad; allow --data.skip"),
        ("--views.budget auto needs more", "--views.budget auto needs more"),
    ],
)
def test_which_flags_a_message_is_about(message, said):
    assert in_flags(message, "data", {"size": 8, "word": "left", "rate": 0.5, "none": None}, "Toy") == said


def test_a_runs_own_settings_are_flags_too():
    for message, said in {"device is 'x'; no": "--device is 'x'; no", "the device is 'x'": "the device is 'x'"}.items():
        with pytest.raises(ValueError) as error, naming_settings(Namespace(device="x")):
            raise ValueError(message)
        assert str(error.value) == said
