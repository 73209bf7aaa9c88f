"""Flags and YAML made from the constructors themselves: their types, defaults and docstrings."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from jsonargparse import ArgumentError, ArgumentParser, Namespace, set_parsing_settings
from torch.optim import Optimizer

import viewlearn.optimizers  # noqa: F401  (its classes can then be given by name)
from viewlearn.data import Data
from viewlearn.encoders import Encoder
from viewlearn.evaluation.probes import Probe
from viewlearn.methods import Method
from viewlearn.runs.messages import cause, explain
from viewlearn.runs.provenance import program
from viewlearn.training.hardware import Precision
from viewlearn.training.players import MakeOptimizer
from viewlearn.training.settings import TrainingSettings
from viewlearn.views import Compose, View

COMPONENTS = {
    "data": Data,
    "views": View,
    "encoder": Encoder,
    "method": Method,
    "optimizer": Optimizer,
    "views_optimizer": Optimizer,
}
LOCATION = ("config", "out", "name", "resume")  # settings that say where a run lives, not what it computes
DEFAULTS = {
    "views": {"class_path": "viewlearn.Viewmaker"},
    "encoder": {"class_path": "viewlearn.Backbone"},
    "method": {"class_path": "viewlearn.SimCLR"},
    "optimizer": {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.03, "momentum": 0.9, "weight_decay": 1e-4}},
    "views_optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 1e-3}},
}


class Parser(ArgumentParser):
    """A parser whose errors are short and say which flag, class or argument was probably meant."""

    def parse(self, argv: Sequence[str]) -> Namespace:
        """Parses a command line, in which a component's arguments may come before its class.

        Raises:
            ValueError: The command line is wrong; the message says in what.
        """
        groups = sort_groups(argv)
        try:
            return self.parse_args([token for group in groups for token in group])
        except ArgumentError as error:
            raise ValueError(explain(self, groups, error, COMPONENTS)) from error

    def read(self, path: Path) -> Namespace:
        """Parses a configuration file.

        Raises:
            ValueError: There is no such file, or a setting in it is wrong.
        """
        try:
            return self.parse(["--config", str(path)])
        except ValueError as error:
            raise ValueError(f"{path}: the configuration can't be read: {error}") from error

    def instantiate(self, namespace: Namespace, *args: Any, **kwargs: Any) -> Namespace:
        """Makes the objects of a configuration.

        Raises:
            ValueError: A constructor's, in its own words.
        """
        try:
            return super().instantiate(namespace, *args, **kwargs)
        except ValueError as error:
            raise ValueError(cause(error)) from error


def make_parser(description: str = "", defaults: Mapping[str, Any] | None = None) -> Parser:
    """Makes the parser of a training run.

    Args:
        description: Text for ``--help``.
        defaults: Settings by flag, over those of the core.
    """
    if str(Path.cwd()) not in sys.path:  # as ``python -m`` does, so that classes are found from where one stands
        sys.path.append(str(Path.cwd()))
    set_parsing_settings(docstring_parse_attribute_docstrings=False)
    parser = Parser(program(), description=description, allow_abbrev=False, exit_on_error=False)
    add = parser.add_argument
    add("--config", action="config", help="YAML file with any of these settings; later flags win")
    add("--out", type=str | None, default=None, help="folder of the run (default: runs/NAME)")
    add("--name", type=str | None, default=None, help="name of the run (default: DATA-VIEWS-METHOD)")
    add("--resume", type=str | None, default=None, metavar="DIR", help="go on with the run in DIR")
    add("--batch_size", type=int, default=256, help="samples per process and step")
    add(
        "--load",
        type=Literal["auto", "device", "workers"],
        default="auto",
        help="device: all data lie there; workers: samples are read when needed; auto: by size",
    )
    add("--num_workers", type=int, default=2, help="processes that read samples when needed")
    add("--device", type=str, default="auto", help="auto, cpu, cuda, …")
    add("--threads", type=int, default=0, help="CPU threads; 0: the cores, shared by the processes")
    add("--precision", type=Precision, default="auto", help="auto: bf16 where the hardware has it")
    add("--trackers", type=list[str], default=[], help="tensorboard, wandb, trackio; JSON lines are always written")
    add("--report", type=bool, default=True, help="at the end, put the run on one page, report.html")
    add(
        "--analyze",
        type=bool,
        default=True,
        help="with the page, measure what the views destroy, by a small judge per task that is kept for the same data",
    )
    add("--probes", type=list[Probe], default=["linear", "knn"], help="probes of the evaluation at the end")
    add(
        "--evaluate_on",
        type=Literal["test", "validation"],
        default="test",
        help="split of the evaluation at the end; validation for runs that a choice is made by",
    )
    parser.add_subclass_arguments(Data, "data", required=True, help="what to learn from")
    parser.add_subclass_arguments(View, "views", required=True, help="how views are made")
    parser.add_subclass_arguments(Encoder, "encoder", required=True, help="what is trained")
    add("--method", type=Callable[[Encoder, Compose], Method], help="how it is trained")
    add("--optimizer", type=MakeOptimizer, help="optimizer of the learner: encoder and heads")
    add("--views_optimizer", type=MakeOptimizer, help="optimizer of learned views; unused if no view learns")
    parser.add_class_arguments(TrainingSettings, None)
    parser.set_defaults({**DEFAULTS, **(defaults or {})})
    return parser


def sort_groups(argv: Sequence[str]) -> list[list[str]]:
    """Each flag with its values, ``--config`` first and ``--views X`` before ``--views.budget``.

    So flags may come in any order.
    """
    groups: list[list[str]] = []
    for token in argv:
        if token.startswith("--") or not groups:
            groups.append([token])
        else:
            groups[-1].append(token)

    def depth(group: list[str]) -> int:
        flag = group[0].split("=")[0]
        return -1 if flag == "--config" else flag.count(".")

    return sorted(groups, key=depth)
