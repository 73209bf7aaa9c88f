"""Flags and YAML made from the constructors themselves: their types, defaults and docstrings."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NoReturn

from jsonargparse import ArgumentParser, Namespace, set_parsing_settings
from torch.optim import Optimizer

import viewlearn.optimizers  # noqa: F401  (its classes can then be given by name)
from viewlearn.data import Data, DataSpec
from viewlearn.encoders import Encoder
from viewlearn.methods import Method
from viewlearn.runs.messages import explain, signature_of
from viewlearn.runs.provenance import program
from viewlearn.training.hardware import Precision
from viewlearn.training.players import MakeOptimizer
from viewlearn.training.settings import TrainingSettings
from viewlearn.views import Compose, View

BASES = {"data": Data, "views": View, "encoder": Encoder, "method": Method, "optimizer": Optimizer}
DEFAULTS = {
    "views": {"class_path": "viewlearn.views.Viewmaker"},
    "encoder": {"class_path": "viewlearn.encoders.Backbone"},
    "method": {"class_path": "viewlearn.methods.SimCLR"},
    "optimizer": {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.03, "momentum": 0.9, "weight_decay": 1e-4}},
    "views_optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 1e-3}},
}


class Parser(ArgumentParser):
    """A parser whose errors are short and say which flag, class or argument was probably meant."""

    def parse_args(self, args: Sequence[str] | None = None, *rest, **kwargs) -> Namespace:
        """As in argparse, but a component's arguments may come before its class."""
        return super().parse_args(sort_flags(sys.argv[1:] if args is None else list(args)), *rest, **kwargs)

    def instantiate(self, *args, **kwargs) -> Namespace:
        """Makes the objects; what a constructor has to say about its arguments comes out as it said it.

        Raises:
            ValueError: the constructor's.
        """
        try:
            return super().instantiate(*args, **kwargs)
        except ValueError as error:
            raise ValueError(explain(str(error))) from error

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        if not self.exit_on_error:  # a parser that jsonargparse made for the arguments of one class
            super().error(message, ex)
        flags = [option for action in self._actions for option in action.option_strings if option.startswith("--")]
        text = explain(message, flags, BASES)
        self.exit(2, f"error: {text}\nSee --help, and for a class's own arguments --views.help CLASS.\n")


def make_parser(description: str, defaults: dict | None = None) -> Parser:
    """The parser of a training run.

    Args:
        description: for ``--help``.
        defaults: by flag, over those of the core.
    """
    if str(Path.cwd()) not in sys.path:  # a class of one's own is found from where one stands, as by ``python -m``
        sys.path.append(str(Path.cwd()))
    set_parsing_settings(docstring_parse_attribute_docstrings=False)
    parser = Parser(program(), description=description, allow_abbrev=False)
    parser.add_argument("--config", action="config", help="YAML file with any of these settings; later flags win")
    parser.add_argument("--out", type=str | None, default=None, help="the run's folder (default: runs/NAME)")
    parser.add_argument("--name", type=str | None, default=None, help="of the run (default: DATA-VIEWS-METHOD)")
    parser.add_argument("--resume", type=str | None, default=None, metavar="DIR", help="go on with the run in DIR")
    parser.add_argument("--batch_size", type=int, default=256, help="samples per process and step")
    parser.add_argument(
        "--load",
        type=Literal["auto", "device", "workers"],
        default="auto",
        help="device: the data live there whole; workers: read as needed; auto: by size",
    )
    parser.add_argument("--num_workers", type=int, default=2, help="reading processes, when read as needed")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda, …")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: the cores over the processes")
    parser.add_argument("--precision", type=Precision, default="auto", help="auto: bf16 where the hardware has it")
    parser.add_argument("--trackers", type=list[str], default=[], help="tensorboard, wandb, trackio; JSONL always")
    parser.add_argument("--report", type=bool, default=True, help="write report.html, the run on one page, at the end")
    parser.add_argument("--probes", type=list[Literal["linear", "knn"]], default=["linear", "knn"], help="at the end")
    parser.add_subclass_arguments(Data, "data", required=True, help="what to learn from")
    parser.add_subclass_arguments(View, "views", required=True, help="how views are made")
    parser.add_subclass_arguments(Encoder, "encoder", required=True, help="what is trained")
    parser.add_argument("--method", type=Callable[[Encoder, Compose], Method], help="how it is trained")
    parser.add_argument("--optimizer", type=MakeOptimizer, help="of the learner: encoder and heads")
    parser.add_argument("--views_optimizer", type=MakeOptimizer, help="of learned views; unused if nothing is learned")
    parser.add_class_arguments(TrainingSettings, None)
    parser.set_defaults({**DEFAULTS, **(defaults or {})})
    return parser


def sort_flags(argv: list[str]) -> list[str]:
    """Puts ``--config`` first and ``--views X`` before ``--views.budget``, so that flags may come in any order."""
    groups: list[list[str]] = []
    for token in argv:
        if token.startswith("--") or not groups:
            groups.append([token])
        else:
            groups[-1].append(token)

    def depth(group: list[str]) -> int:
        flag = group[0].split("=")[0]
        return -1 if flag == "--config" else flag.count(".")

    return [token for group in sorted(groups, key=depth) for token in group]


def bind(node: object, spec: DataSpec) -> object:
    """Fills what depends on the data into the configuration of a component, and of those nested in it.

    An argument is filled that has the name of one of ``spec.bindings()`` and is None.
    """
    if isinstance(node, Namespace | dict):
        children = vars(node) if isinstance(node, Namespace) else node
        filled = {key: bind(value, spec) for key, value in children.items()}
        if "class_path" in filled:
            arguments = dict(vars(filled["init_args"])) if isinstance(filled.get("init_args"), Namespace) else {}
            wanted = {name for name in signature_of(filled["class_path"]) if arguments.get(name) is None}
            arguments |= {name: value for name, value in spec.bindings().items() if name in wanted}
            filled["init_args"] = Namespace(**arguments)
        return Namespace(**filled) if isinstance(node, Namespace) else filled
    if isinstance(node, list):
        return [bind(item, spec) for item in node]
    return node
