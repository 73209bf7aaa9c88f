"""A class that is chosen gets its own defaults, not those of the class that it replaces."""

import pytest

from viewlearn.runs import make_parser
from viewlearn.runs.chosen import chosen_classes, same_class
from viewlearn.runs.messages import settings_of

DEFAULTS = {
    "data": {"class_path": "toy.Toy"},
    "views": {"class_path": "viewlearn.Viewmaker", "init_args": {"budget": 0.3, "width": 7}},
    "optimizer": {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.5, "weight_decay": 0.25}},
}


@pytest.fixture
def parse():
    return make_parser("a test", DEFAULTS).parse


@pytest.mark.parametrize("how", ["flag", "config"])
def test_another_class_has_its_own_defaults(parse, how, tmp_path):
    file = tmp_path / "given.yaml"
    file.write_text("optimizer: {class_path: torch.optim.AdamW}")
    argv = {"flag": ["--optimizer", "AdamW"], "config": ["--config", str(file)]}[how]
    own = parse(argv).optimizer.init_args
    assert (own.lr, own.weight_decay) == (1e-3, 1e-2)
    assert parse([]).optimizer.init_args.lr == 0.5  # the next command line starts afresh
    given = parse([*argv, "--optimizer.lr", "0.2"]).optimizer.init_args
    assert (given.lr, given.weight_decay) == (0.2, 1e-2)


def test_a_file_chooses_a_class_too(parse, tmp_path):
    file = tmp_path / "views.yaml"
    file.write_text("class_path: viewlearn.Compose\ninit_args: {entries: {a: {class_path: viewlearn.Viewmaker}}}")
    entry = parse(["--views", str(file)]).views.init_args.entries["a"].init_args
    assert entry.width == 32


def test_the_same_class_keeps_them(parse):
    views = parse(["--views.budget", "0.1", "--views", "Viewmaker"]).views.init_args
    assert (views.budget, views.width) == (0.1, 7)
    assert parse(["--optimizer", "SGD", "--optimizer.lr", "2"]).optimizer.init_args.weight_decay == 0.25


def test_defaults_of_constructors_are_not_inherited_either(parse):
    data = parse(["--data", "toy.Larger"]).data.init_args
    assert (data.num_samples, data.size) == (10, 24)


def test_what_cannot_be_read_is_left_to_the_parser(parse, tmp_path):
    (tmp_path / "torn.yaml").write_text("a: [")
    for torn in (["--views", str(tmp_path / "torn.yaml")], ["--views", "nowhere.yaml"], ["--views={"], ["--data"]):
        assert chosen_classes(settings_of([torn]), {"views", "data"}) == {}
    for config in (str(tmp_path / "torn.yaml"), "nowhere.yaml"):
        with pytest.raises(ValueError, match=r"^--config: "):
            parse(["--config", config])
    assert same_class("SGD", "torch.optim.SGD") and not same_class("SGD", "torch.optim.Adam")
