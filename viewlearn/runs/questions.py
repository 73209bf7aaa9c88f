"""What a run is asked, in plain values, as a command line or a table's declaration writes it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from jsonargparse import Namespace

from viewlearn.bounds import Count, Positive, PositiveFraction, Seed, check_fields
from viewlearn.data import DataSpec
from viewlearn.evaluation.probes import L2_GRID, ParameterClasses, Probe
from viewlearn.runs.binding import bind, subclass_names
from viewlearn.runs.parser import Parser
from viewlearn.training.hardware import Precision
from viewlearn.views import Compose, View

EVERY_LAYER = "each"  # as Questions.layers: every layer alone, and all embeddings side by side
TRAINED_FACTORS = "own"  # as Questions.shared: the factors that the method was trained with
FACTOR = re.compile(r"(?P<view>[^,:/]+)(,(?P<arguments>[^:/]+))?(:(?P<leaf>[^:/]+))?(/(?P<num_classes>\d+))?")
SYNTAX = "VIEW[,ARGUMENT=VALUE…][:PARAMETER][/CLASSES]"


@dataclass(frozen=True)
class Questions:
    """Questions to frozen features, see ``evaluate`` and ``shared_factor_accuracy``.

    Args:
        tasks: Tasks of the data; None for all.
        probes: Probes on clean inputs: linear, knn.
        layers: Features to ask, each in turn: names and patterns as ``match_layers`` takes them (V, Z_rotation, Z_*,
            V+Z_*), or ``each``: every layer alone and all embeddings side by side. Nothing: the encoder's output.
        factors: Factors to predict, by name: ``VIEW[,ARGUMENT=VALUE…][:PARAMETER][/CLASSES]``, see ``parse_factor``.
        shots: Numbers of labeled samples per class of few-shot rows.
        episodes: Number of draws of these samples.
        label_fractions: Fractions of the labels that semi-supervised rows are given, such as 0.01 and 0.1.
        fine_tune: Whether encoders are trained further with these labels, too, see ``fine_tune``.
        corruptions: Import path of a function that makes corruptions, such as ``vision.corruptions.imagenet_c``.
        num_corrupted: Number of test samples under each corruption; None for all.
        shared: Factors of the run's own views of which to ask which layer keeps them; ``own`` for those that the
            method was trained with. None asks nothing.
        described: Entries of the run's own views of which to ask how much of what they did features explain, see
            ``described_variance``; empty for all that draw something. None asks nothing.
        data: Flags that change the run's data for this evaluation, such as ``{"data.overlay": "vision.Digits"}``.
        num_train: Number of training samples, at most; None for all.
        num_test: Number of test and of validation samples, at most; None for all.
        random_encoder: Whether to ask the run's initial weights, too.
        l2: Values that a linear probe's regularization is chosen from.
        precision: Precision of the encoder: fp32, bf16, or auto, which is bf16 where the hardware has it.
        seed: Seed of all draws.
    """

    tasks: Sequence[str] | None = None
    probes: Sequence[Probe] = ("linear",)
    layers: Sequence[str] = ()
    factors: Mapping[str, str] = field(default_factory=dict)
    shots: Sequence[Count] = ()
    episodes: Count = 10
    label_fractions: Sequence[PositiveFraction] = ()
    fine_tune: bool = False
    corruptions: str | None = None
    num_corrupted: Count | None = None
    shared: Sequence[str] | None = None
    described: Sequence[str] | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    num_train: Count | None = None
    num_test: Count | None = None
    random_encoder: bool = False
    l2: Sequence[Positive] = L2_GRID
    precision: Precision = "auto"
    seed: Seed = 0

    def __post_init__(self):
        check_fields(self)

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> "Questions":
        """Makes the questions of a mapping, such as a YAML file's.

        Raises:
            ValueError: There is no such question.
        """
        known = [each.name for each in fields(cls)]
        for name in declared:
            if name not in known:
                raise ValueError(f"no question {name!r}; there are: {', '.join(known)}")
        return cls(**declared)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, equal for equal questions after a way through JSON."""
        return {name: list(each) if isinstance(each, tuple) else each for name, each in asdict(self).items()}


def parse_factor(text: str, views: Compose, spec: DataSpec) -> ParameterClasses:
    """Parses a factor as a flag writes it: ``VIEW[,ARGUMENT=VALUE…][:PARAMETER][/CLASSES]``.

    ==========================================  =====================================================================
    ``vision.QuarterRotation``                  a view's class; each value of its only parameter is a class
    ``vision.ColorJitter,hue=0.5:hue/4``        with arguments; its parameter ``hue`` in 4 equally frequent bins
    ``color:hue/8``                             the entry ``color`` of the run's own views
    ``color+gray``                              two entries one after the other; without PARAMETER: one of 4 settings
    ``viewmaker/4``                             a learned view: which of 4 noise maps a sample was given
    ==========================================  =====================================================================

    Args:
        text: The factor.
        views: Views of the run, among whose entries names are looked for first.
        spec: What the arguments of a class are bound to.

    Raises:
        ValueError: Text of another form, or an unknown view (the message lists those that there are).
    """
    found = FACTOR.fullmatch(text)
    if found is None:
        raise ValueError(f"factor {text!r} isn't of the form {SYNTAX}")
    names, arguments = found["view"].split("+"), (found["arguments"] or "").split(",")
    if all(name in views.names for name in names):
        if found["arguments"]:
            raise ValueError(f"factor {text!r}: {found['view']} is the run's own and takes no arguments")
        view = views[names[0]] if len(names) == 1 else Compose({name: views[name] for name in names})
    else:
        view = _make_view(found["view"], [each for each in arguments if each], views, spec)
    return ParameterClasses(view, found["leaf"], int(found["num_classes"] or 4))


def own_entries(views: Compose) -> list[str]:
    """The entries of a run's views without those that decode samples and make them the encoder's input."""
    return [name for name in views.names if name not in ("decode", "front_end")]


def _make_view(name: str, arguments: list[str], views: Compose, spec: DataSpec) -> View:
    known = subclass_names(View)
    if "." not in name and name not in known:
        raise ValueError(
            f"{name!r} is neither an entry of the run's views ({', '.join(own_entries(views)) or 'it has none'}) "
            f"nor a view's class ({', '.join(sorted(known))})"
        )
    parser = Parser()
    parser.add_subclass_arguments(View, "views", required=True)
    flags = [token for each in arguments for token in (f"--views.{each.partition('=')[0]}", each.partition("=")[2])]
    try:
        config = parser.parse(["--views", name, *flags])
    except ValueError as error:
        raise ValueError(f"a factor's view: {error}") from error
    return parser.make(Namespace(views=bind(config.views, spec))).views


def parse_factors(texts: Sequence[str]) -> dict[str, str]:
    """Parses ``NAME=VIEW…`` of each into a factor by name.

    Raises:
        ValueError: A factor without a name, or a name twice.
    """
    factors = {}
    for text in texts:
        name, equals, view = text.partition("=")
        if not (equals and name.isidentifier() and view):
            raise ValueError(f"factor {text!r} isn't of the form NAME={SYNTAX}")
        if name in factors:
            raise ValueError(f"there are two factors {name!r}")
        factors[name] = view
    return factors


def split_data(tokens: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Takes ``--data… VALUE`` flags, as ``Questions.data`` has them, out of a command line; returns both parts.

    Raises:
        ValueError: A flag without a value.
    """
    data, others = {}, []
    left = iter(tokens)
    for token in left:
        flag, equals, value = token.partition("=")
        if flag != "--data" and not flag.startswith("--data."):
            others.append(token)
            continue
        value = value if equals else next(left, "--")
        if value.startswith("--"):
            raise ValueError(f"{flag} takes a value")
        data[flag.removeprefix("--")] = value
    return data, others
