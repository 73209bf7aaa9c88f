"""A run's folder as a report reads it: each part when it is asked for, and the reason where it is missing."""

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonargparse import Namespace
from torch import Tensor

from viewlearn.data import Data, DataSpec, take
from viewlearn.encoders import Encoder
from viewlearn.evaluation.results import Results
from viewlearn.runs.build import Parts, build_data
from viewlearn.runs.folder import RunFolder
from viewlearn.runs.loading import load, load_run
from viewlearn.runs.logs import read_jsonl
from viewlearn.runs.parser import Parser, make_parser
from viewlearn.runs.settings_file import read_settings
from viewlearn.sampling import subset


class MissingPart(Exception):
    """A part that a run's folder doesn't hold, or not whole, or that other versions wrote; the message says why."""


class SharedData:
    """Data sets that several runs share, each built once, with overlays kept apart where there are any.

    Args:
        trust: Whether runs may name classes of any package, see ``viewlearn.load``.
    """

    def __init__(self, trust: bool = False) -> None:
        self.trust = trust
        self.parser = make_parser()
        self._built: dict[str, Data] = {}

    def build(self, parser: Parser, config: Namespace) -> Data:
        """Builds the data of a configuration, or returns those that another run has.

        Raises:
            ValueError: The data aren't where they were.
            OSError: Likewise.
        """
        config = config.clone()
        arguments = config.data.init_args
        if "planes" in arguments and "sample_rate" not in arguments and arguments.get("overlay", True) is not None:
            arguments.planes = True  # tells masks of overlays; what the encoder reads stays the same
        key = str(config.data)
        if key not in self._built:
            self._built[key] = build_data(parser, config)
        return self._built[key]


class RunReader:
    """One run of a report. A part that is missing raises ``MissingPart``.

    Args:
        path: Folder of the run.
        index: Position of the run in the report, which decides its color.
        shared: Data sets that were built for other runs.
        parts: What the run is made of, where that is at hand.
    """

    def __init__(self, path: Path | str, index: int, shared: SharedData, parts: Parts | None = None):
        self.folder, self.index, self.shared = RunFolder(path), index, shared
        self.name = self.folder.path.resolve().name
        self.warnings: list[str] = []
        self._given = parts

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The configuration as plain YAML."""
        with self._rebuilding():
            self.folder.must_be_run()
            return read_settings(self.folder.config)

    @cached_property
    def spec(self) -> DataSpec:
        """What the data were like."""
        try:
            return self.folder.load_spec()
        except ValueError as error:
            raise MissingPart(str(error)) from error

    @cached_property
    def data_key(self) -> str:
        """A text that is equal for runs on the same data.

        Whether planes are kept apart makes no other data, but statistics that were measured with them or without
        differ in their last digits. So four digits count (two values on either side of a rounding boundary still
        count as different).
        """
        stored = json.dumps(self.settings.get("data"), default=str)
        data = json.loads(stored, parse_float=lambda text: float(f"{float(text):.4g}"))
        if isinstance(data, dict) and isinstance(data.get("init_args"), dict):
            data["init_args"].pop("planes", None)
        return json.dumps(data, sort_keys=True)

    @cached_property
    def metrics(self) -> list[dict[str, Any]]:
        """The logged lines, each with its ``step``."""
        return _read_lines(self.folder.metrics, ["step"])

    @cached_property
    def timings(self) -> list[dict[str, Any]]:
        """The logged speeds, each with its ``step`` and ``samples_per_second``."""
        return _read_lines(self.folder.timings, ["step", "samples_per_second"])

    @cached_property
    def num_steps(self) -> int:
        """The number of steps that the run was to take."""
        try:
            return int(self.folder.load_compute()["steps"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MissingPart(f"{self.folder.compute.name} can't be read: {_reason(error)}") from error

    @cached_property
    def results(self) -> Results:
        """The evaluation."""
        name = self.folder.results.name
        if not self.folder.results.is_file():
            raise MissingPart(f"it has no {name} yet: it isn't finished, or wasn't evaluated")
        try:
            return self.folder.load_results()
        except ValueError as error:
            raise MissingPart(str(error)) from error

    @cached_property
    def parts(self) -> Parts:
        """Data, views and method with the weights of the newest whole checkpoint."""
        if self._given is not None:
            return self._given
        with self._rebuilding():
            parts = load_run(self.shared.parser, self.folder, self.shared.build, self.shared.trust)[1]
        parts.method.eval()
        return parts

    @cached_property
    def encoder(self) -> Encoder:
        """The trained encoder."""
        if self._given is not None:
            return self._given.encoder
        with self._rebuilding():
            return load(self.folder.path, self.shared.trust)

    @cached_property
    def data(self) -> Data:
        """The data, whether or not there is a whole checkpoint."""
        if self._given is not None:
            return self._given.data
        with self._rebuilding():
            self.folder.must_be_run()
            return self.shared.build(self.shared.parser, self.shared.parser.read(self.folder.config, self.shared.trust))

    def samples(self, num_samples: int, seed: int = 0) -> tuple[Tensor, dict[str, Tensor]]:
        """Reads test samples in storage form and their labels: the same ones for all runs on the same data."""
        with self._rebuilding():
            dataset = self.data.split("test")
            chosen = take(dataset, subset(len(dataset), num_samples, seed))
        return chosen.x, {task: chosen.labels[task] for task in self.data.spec.tasks if task in chosen.labels}

    @contextmanager
    def _rebuilding(self) -> Iterator[None]:
        """Within, what a folder or data that were moved or damaged raise becomes ``MissingPart``; warnings are kept."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                yield
            except (OSError, ValueError) as error:
                raise MissingPart(str(error)) from error
            finally:
                self.warnings += [str(each.message) for each in caught if str(each.message) not in self.warnings]


def _read_lines(path: Path, keys: Sequence[str]) -> list[dict[str, Any]]:
    """What a run has logged into a file, each line with numbers of these names."""
    try:
        lines = list(read_jsonl(path))
    except (OSError, ValueError) as error:
        raise MissingPart(f"its {path.name} can't be read: {error}") from error
    if not lines:
        raise MissingPart(f"it has no {path.name}, or nothing in it")
    for line in lines:
        for key in keys:
            if not isinstance(line, dict) or not isinstance(line.get(key), int | float):
                raise MissingPart(f"its {path.name} has a line without {key}")
    return lines


def _reason(error: Exception) -> str:
    """What an exception says; with its type where the text alone, such as a missing key, doesn't tell enough."""
    plain = isinstance(error, OSError | ValueError)
    return str(error) if plain else f"{type(error).__name__}: {error}"
