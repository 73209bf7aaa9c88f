"""Flags: their order, their help, and what is said of wrong ones."""

import pytest
from jsonargparse import Namespace

from viewlearn.data import DataSpec
from viewlearn.runs.binding import bind
from viewlearn.runs.parser import make_parser, sort_groups

OWN = """
from viewlearn.views import Identity


class Mine(Identity):
    '''A view of one's own.

    Args:
        amount: how much.
    '''

    def __init__(self, amount: float = 1.0):
        super().__init__()
"""


def refusal(parser, *flags: str) -> str:
    with pytest.raises(ValueError) as stop:
        parser.parse(list(flags))
    return str(stop.value)


@pytest.mark.parametrize(
    "flags",
    [
        ("--views", "Viewmaker", "--views.budget", "0.1"),
        ("--views.budget", "0.1", "--views", "Viewmaker"),
        ("--views.budget=0.1", "--views=Viewmaker"),
        ("--views.budget", "0.1"),
        ("--views.init_args.budget", "0.1", "--views", "viewlearn.Viewmaker"),
    ],
)
def test_flags_in_any_order(parser, flags):
    config = parser.parse([*flags, "--steps", "7"])
    assert config.views.class_path == "viewlearn.Viewmaker"
    assert config.views.init_args.budget == 0.1
    assert config.steps == 7


def test_later_flags_win_over_the_file_wherever_it_stands(parser, tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("steps: 5\nbatch_size: 8\nviews:\n  class_path: Viewmaker\n  init_args:\n    budget: 0.2\n")
    config = parser.parse(["--steps", "6", "--views.budget", "0.3", "--config", str(file)])
    assert (config.steps, config.batch_size, config.views.init_args.budget) == (6, 8, 0.3)


def test_sorting_keeps_values_with_their_flags():
    argv = ["--a.b.c", "1", "--a.b", "-2", "--x", "--a", "K", "--config", "f.yaml"]
    groups = [["--config", "f.yaml"], ["--x"], ["--a", "K"], ["--a.b", "-2"], ["--a.b.c", "1"]]
    assert sort_groups(argv) == groups
    assert sort_groups([]) == []


def test_another_class_starts_from_its_own_defaults(parser):
    config = parser.parse(["--views", "Identity"])
    assert config.views.class_path == "viewlearn.views.Identity"
    assert "budget" not in vars(config.views.get("init_args") or Namespace())


def test_a_class_of_ones_own_needs_no_registration(tmp_path, parser):
    (tmp_path / "my_module.py").write_text(OWN)  # where one stands; see the autouse fixture
    parser = make_parser("", {"data": {"class_path": "toy.Toy"}})
    config = parser.parse(["--views.amount", "2", "--views", "my_module.Mine"])
    assert config.views.class_path == "my_module.Mine"
    assert config.views.init_args.amount == 2.0


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--stepps", "3"), "there is no flag --stepps; did you mean --steps?"),
        (("--views.bugdet", "3"), "Viewmaker has no argument 'bugdet'; did you mean --views.budget?"),
        (("--views", "Identity", "--views.budget", "0.1"), "Identity has no argument 'budget'; its own: none"),
        (("--views", "Viewmakr"), "there is no class 'Viewmakr' for --views; did you mean Viewmaker? (known: "),
        (("--views", "View"), "--views: View is abstract"),
        (
            ("--views", "toy.Plain"),
            "--views: toy.Plain isn't called; allowed are a subclass of View and a function annotated to return",
        ),
        (("--views", "nowhere.Mine"), "--views: No module named 'nowhere'"),
        (("--views", "toy.Mine"), "module 'toy' has no attribute 'Mine'"),
        (("--views.budget", "much"), "--views.budget: expected float in (0, 1000000000], one of 'auto', got 'much'"),
        (("--views.domain", "wavelet"), "--views.domain: expected one of 'pixel', 'dct', got 'wavelet'"),
        (("--optimizer", "Adamm"), "there is no class 'Adamm' for --optimizer; did you mean Adam?"),
        (("--optimizer.learning_rate", "1"), "SGD has no argument 'learning_rate'; its own: lr, momentum"),
        (("--optimizer.lr", "fast"), "--optimizer.lr: expected float, Tensor, got 'fast'"),
        (("--method", "LooC"), "--method LooC needs --method.factors"),
        (("--method.temprature", "1"), "SimCLR has no argument 'temprature'; did you mean --method.temperature?"),
        (("--precision", "fp8"), "--precision: expected one of 'auto', 'fp32', 'bf16', got 'fp8'"),
        (("--steps", "many"), "--steps: expected int in [1, 1000000000], got 'many'"),
        (("--steps",), "--steps: expected one argument"),
        (("--clip_norm", "x"), "--clip_norm: expected float in (0, 1000000000], null, got 'x'"),
        (("--trackers", "tensorboard"), "--trackers: expected list of str, got 'tensorboard'; write [tensorboard]"),
        (("--config", "nowhere.yaml"), "--config: [Errno 2] No such file or directory: 'nowhere.yaml'"),
        (("steps", "3"), "unrecognized arguments: steps 3"),
        (("--views", "RandomApply"), "--views RandomApply needs --views.view"),
        (
            ("--views", "RandomApply", "--views.view", "Viewmakr"),
            "class 'Viewmakr' for --views.view; did you mean V",
        ),
        (
            ("--views", "RandomApply", "--views.view", "Viewmaker", "--views.view.bugdet", "1"),
            "mean --views.view.budget?",
        ),
        (("--views", "Compose", "--views.entries", "{a: Viewmakr}"), "Viewmakr"),
    ],
)
def test_a_wrong_flag_says_what_was_meant(parser, flags, said):
    text = refusal(parser, *flags)
    assert said in text
    assert "Subtypes" not in text
    assert "\n" not in text
    assert "Namespace(" not in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("stepps: 3", "there is no setting 'stepps'; did you mean --steps?"),
        ("schedule: {warm: 0.1}", "there is no setting 'schedule.warm'; did you mean --schedule.warmup?"),
        ("steps: x", "--steps: expected int in [1, 1000000000], got 'x'"),
        ("views: {class_path: Viewmaker, init_args: {bugdet: 3}}", "did you mean --views.budget?"),
        ("a: [b", "--config: while parsing a flow sequence"),
    ],
)
def test_a_wrong_setting_in_a_file_too(parser, tmp_path, content, said):
    (tmp_path / "settings.yaml").write_text(content)
    assert said in refusal(parser, "--config", "settings.yaml")


def test_help_explains_every_flag(parser, capsys):
    with pytest.raises(SystemExit):
        parser.parse(["--help"])
    assert "distance" not in capsys.readouterr().out  # a class's own arguments are in --views.help CLASS
    for action in parser._actions:
        assert action.help, action.option_strings
    with pytest.raises(SystemExit):
        parser.parse(["--views.help", "Viewmaker"])
    assert "Mean of ``|δ|`` of each sample" in capsys.readouterr().out


def test_binding_fills_what_is_left_open_and_nothing_else():
    spec = DataSpec((3, 8, 8), mean=(0.1, 0.2, 0.3), std=(1.0, 1.0, 1.0), num_train=50)
    views = Namespace(
        class_path="viewlearn.Compose",
        init_args=Namespace(
            entries={
                "a": Namespace(class_path="viewlearn.Viewmaker", init_args=Namespace(channels=None, budget=0.2)),
                "b": Namespace(class_path="viewlearn.Viewmaker", init_args=Namespace(channels=5)),
                "c": Namespace(class_path="viewlearn.views.Identity"),
            }
        ),
    )
    entries = bind(views, spec).init_args.entries
    assert entries["a"].init_args.channels == 3
    assert entries["a"].init_args.budget == 0.2
    assert entries["b"].init_args.channels == 5
    assert vars(entries["c"].init_args) == {}
    encoder = bind(Namespace(class_path="viewlearn.Backbone", init_args=Namespace(name="resnet18")), spec)
    assert encoder.init_args.size == (8, 8)
    assert encoder.init_args.mean == (0.1, 0.2, 0.3)


def test_the_help_is_grouped_and_short(parser):
    text = parser.format_help()
    headings = [line.rstrip(":") for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    for title in ("the run: where it lives", "data: what to learn from", "views: what is done", "encoder: the network"):
        assert any(heading.startswith(title) for heading in headings), title
    assert all(":" in heading for heading in headings if heading != "options")
    for alien in ("Annotated", "Bounds(", "Optional[", "class_path", "Megatron", "Accelerated", "deterministic, diff"):
        assert alien not in text, alien
    text = " ".join(text.split())
    assert "samples per process and step (int in [1, 1000000000], default: 16)" in text
    assert "class of the views, or a YAML file (default: Viewmaker with width=4, num_res_blocks=1; known: " in text
    assert "Largest norm of the learner's gradient; null doesn't clip (float in (0, 1000000000], null, default:" in text
    assert "--debug" in text and text.count("--steps STEPS") == 1
