"""Flags and YAML made from the constructors themselves: their types, defaults and docstrings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from jsonargparse import ArgumentError, ArgumentParser, Namespace, set_parsing_settings
from torch.optim import Optimizer
from yaml import YAMLError

import viewlearn.optimizers  # noqa: F401  (its classes can then be given by name)
from viewlearn.bounds import Count, Positive, Seconds, SmallCountOrZero
from viewlearn.data import Data
from viewlearn.distributed import TIMEOUT
from viewlearn.encoders import Encoder
from viewlearn.endings import DEBUG, DEBUG_HELP
from viewlearn.evaluation.probes import Probe
from viewlearn.methods import Method
from viewlearn.runs.calls import check_calls
from viewlearn.runs.chosen import chosen_classes, same_class
from viewlearn.runs.flags import maker, naming_flags
from viewlearn.runs.help import TITLES, ShortHelp
from viewlearn.runs.messages import Setting, explain, settings_in, settings_of
from viewlearn.runs.names import names_from, names_of_folder, refuse_foreign, search_current_folder
from viewlearn.runs.provenance import program
from viewlearn.runs.settings_file import MODE, read_settings
from viewlearn.training.hardware import Precision
from viewlearn.training.players import MakeOptimizer
from viewlearn.training.settings import TrainingSettings
from viewlearn.views import Compose, View

Add = Callable[..., Any]  # a parser's ``add_argument``, or a group's
COMPONENTS = {
    "data": Data,
    "views": View,
    "encoder": Encoder,
    "method": Method,
    "optimizer": Optimizer,
    "views_optimizer": Optimizer,
}
# Where a run lives, who trusts it, how it speaks and how long its processes wait; not what it computes.
CIRCUMSTANCES = ("config", "out", "name", "resume", "trust", "debug", "process_timeout", "stop_after")
DEFAULTS = {
    "views": {"class_path": "viewlearn.Viewmaker"},
    "encoder": {"class_path": "viewlearn.Backbone"},
    "method": {"class_path": "viewlearn.SimCLR"},
    "optimizer": {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.03, "momentum": 0.9, "weight_decay": 1e-4}},
    "views_optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 1e-3}},
}


class Parser(ArgumentParser):
    """A parser whose errors are short and say which flag, class or argument was probably meant.

    Args:
        prog: Name of the program, for ``--help``.
        description: Text for ``--help``.
    """

    def __init__(self, prog: str | None = None, description: str = "", **kwargs: Any):
        # The parsers that the library makes for the arguments of classes are of this type, with settings of their own.
        for name, value in (("allow_abbrev", False), ("exit_on_error", False), ("parser_mode", MODE)):
            kwargs.setdefault(name, value)
        super().__init__(prog=prog, description=description, **kwargs)

    def parse(self, argv: Sequence[str], over: Namespace | None = None) -> Namespace:
        """Parses a command line, in which a component's arguments may come before its class.

        Args:
            argv: The command line.
            over: Configuration of a run, of which it may change settings; None for the defaults.

        Raises:
            ValueError: The command line is wrong; the message says in what.
        """
        groups = sort_groups(argv)
        try:
            settings = list(settings_of(groups))  # before all else, to hear what is wrong with the files that are named
        except YAMLError as error:
            raise ValueError(f"--config: {' '.join(str(error).split())}") from error
        with names_from(None), self._fitting_defaults(settings):
            try:
                config = self.parse_args([token for group in groups for token in group], over)
                self.check(config)
                return config
            except ArgumentError as error:
                raise ValueError(explain(self, settings, error, COMPONENTS)) from error

    @contextmanager
    def _fitting_defaults(self, settings: Sequence[Setting]) -> Iterator[None]:
        """Puts a component's default aside where another class is chosen, which would inherit its arguments."""
        before = {name: default for name in COMPONENTS if (default := self._default(name)) is not None}
        for name, chosen in chosen_classes(settings, before).items():
            if not same_class(chosen, before[name]["class_path"]):
                self.set_defaults({name: None})
        try:
            yield
        finally:
            self.set_defaults(before)

    def _default(self, name: str) -> dict[str, Any] | None:
        try:
            default = self.get_default(name)
        except KeyError:  # this parser has no such argument
            return None
        return default.as_dict() if isinstance(default, Namespace) else default

    def read(self, path: Path, trust: bool = False, names: Sequence[str] | None = None) -> Namespace:
        """Parses the configuration in a run's folder.

        Args:
            path: The configuration.
            trust: Whether it may name classes of any package; without, see ``trusted_packages``.
            names: Settings to parse, whatever else is in the file; None for all.

        Raises:
            ValueError: There is no such file, or a setting in it is wrong, or names a class that isn't trusted.
        """
        try:
            settings = read_settings(path)
            # Where a run lives is known by now; a configuration within this one would be read without restriction.
            wanted = settings.keys() - set(CIRCUMSTANCES) if names is None else set(names)
            settings = {name: value for name, value in settings.items() if name in wanted}
            with names_of_folder(trust):
                refuse_foreign(settings)
                try:
                    config = self.parse_object(settings)
                except ArgumentError as error:
                    raise ValueError(explain(self, settings_in(settings), error, COMPONENTS)) from error
                refuse_foreign(config)
                self.check(config)
                return config
        except ValueError as error:
            raise ValueError(f"{path}: the configuration can't be read: {error}") from error

    def check(self, config: Namespace) -> None:
        """Checks what a configuration would call, and the bounds of all values.

        Raises:
            ValueError: Something that doesn't fit its place; the message says which flag, what, and what is allowed.
        """
        for action in self._actions:  # argparse has no public way to ask for them
            hint = COMPONENTS.get(action.dest, getattr(action, "_typehint", None))
            if action.dest in config:
                check_calls(config[action.dest], hint, f"--{action.dest}")

    def make(self, settings: Namespace) -> Namespace:
        """Makes the objects of a configuration, or of a part of it.

        Args:
            settings: Parsed settings by key.

        Raises:
            ValueError: A constructor's, which names flags; also whenever a method or an optimizer that this returns a
                function for is made. Or a name of something that doesn't make what its place takes, which isn't called.
        """
        for key, base in COMPONENTS.items():
            check_calls(vars(settings).get(key), base, f"--{key}")
        made = {}
        with names_from(None):
            for key, value in vars(settings).items():
                own = Namespace(**{key: value})
                with naming_flags(key, value):
                    made[key] = self.instantiate(own, instantiators=[(maker(own), object, True)])[key]
        return Namespace(**made)


def make_parser(description: str = "", defaults: Mapping[str, Any] | None = None) -> Parser:
    """Makes the parser of a training run.

    Args:
        description: Text for ``--help``.
        defaults: Settings by flag, over those of the core.
    """
    search_current_folder()
    set_parsing_settings(docstring_parse_attribute_docstrings=False)
    parser = Parser(program(), description, usage="%(prog)s [--FLAG VALUE …]", formatter_class=ShortHelp)
    _add_place(parser.add_argument_group("the run: where it lives, and how to go on with it").add_argument)
    parser.add_subclass_arguments(
        Data, "data", required=True, metavar="CLASS", help="class of the data, or a YAML file"
    )
    groups = parser.groups or {}
    _add_reading(groups["data"].add_argument)
    parser.add_subclass_arguments(
        View, "views", required=True, metavar="CLASS", help="class of the views, or a YAML file"
    )
    parser.add_subclass_arguments(
        Encoder, "encoder", required=True, metavar="CLASS", help="class of the encoder, or a YAML file"
    )
    add = parser.add_argument_group("method: the loss that trains the encoder, and who moves by it").add_argument
    add("--method", type=Callable[[Encoder, Compose], Method], metavar="CLASS", help="class of the method")
    add("--optimizer", type=MakeOptimizer, metavar="CLASS", help="optimizer of encoder and heads")
    add("--views_optimizer", type=MakeOptimizer, metavar="CLASS", help="optimizer of learned views, if any learns")
    parser.add_class_arguments(TrainingSettings, None)
    _add_ending(parser.add_argument_group("at the end: what is measured and written").add_argument)
    _add_machine(parser.add_argument_group("the machine: what the run takes of it").add_argument)
    for name, title in TITLES.items():
        groups[name].title = title
    parser.set_defaults({**DEFAULTS, **(defaults or {})})
    return parser


def _add_place(add: Add) -> None:
    add("--config", action="config", help="YAML file with any of these settings; later flags win")
    add("--out", type=str | None, default=None, help="folder of the run (default: runs/NAME)")
    add("--name", type=str | None, default=None, help="name of the run (default: DATA-VIEWS-METHOD)")
    add("--resume", type=str | None, default=None, metavar="DIR", help="go on with the run in DIR (default: a new run)")
    add("--trust", action="store_true", help="let DIR name classes of any package, see docs/safety.md")
    add(DEBUG, action="store_true", help=DEBUG_HELP)


def _add_reading(add: Add) -> None:
    add("--batch_size", type=Count, default=256, help="samples per process and step")
    add(
        "--load",
        type=Literal["auto", "device", "workers"],
        default="auto",
        help="device: all data lie there; workers: samples are read when needed; auto: by size",
    )
    add("--num_workers", type=SmallCountOrZero, default=2, help="processes that read samples when needed")


def _add_ending(add: Add) -> None:
    add("--probes", type=list[Probe], default=["linear", "knn"], help="probes of the evaluation")
    add(
        "--evaluate_on",
        type=Literal["test", "validation"],
        default="test",
        help="split of the evaluation; validation for runs that a choice is made by",
    )
    add("--report", type=bool, default=True, help="put the run on one page, report.html")
    add(
        "--analyze",
        type=bool,
        default=True,
        help="with the page, measure what the views destroy, by a small judge per task that is kept for the same data",
    )
    add("--trackers", type=list[str], default=[], help="tensorboard, wandb, trackio; JSON lines are always written")


def _add_machine(add: Add) -> None:
    add("--device", type=str, default="auto", help="auto, cpu, cuda, …")
    add("--threads", type=SmallCountOrZero, default=0, help="CPU threads; 0: the cores, shared by the processes")
    add("--precision", type=Precision, default="auto", help="auto: bf16 where the hardware has it")
    add(
        "--stop_after", type=Positive | None, default=None, help="minutes after which it saves and stops, to be resumed"
    )
    add("--process_timeout", type=Seconds, default=TIMEOUT, help="seconds that processes wait for one that hangs")


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
