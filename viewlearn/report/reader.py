"""A run folder as a report reads it: each part when it is asked for, and a reason where it can't be had."""

import contextlib
import io
import json
import warnings
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import yaml
from safetensors import SafetensorError
from torch import Tensor, nn

from viewlearn.data import Data, DataSpec, take
from viewlearn.evaluation.results import Results
from viewlearn.runs.build import Parts, build, build_data
from viewlearn.runs.checkpoint import load_newest
from viewlearn.runs.folder import RunFolder, read_jsonl
from viewlearn.runs.loading import load
from viewlearn.runs.parser import make_parser
from viewlearn.sampling import subset

# What reading a folder may raise that anybody may have damaged, written by any version, with any class of a user's.
FAILURES = (
    ValueError,
    OSError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    ImportError,
    yaml.YAMLError,
    SafetensorError,
)
T = TypeVar("T")


class Missing(Exception):
    """A part of a report that can't be made; the message says why."""


def attempt(make: Callable[[], T]) -> T:
    """The value of ``make()``.

    Raises:
        Missing: it failed; with the reason as one line.
    """
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr):
            return make()
    except SystemExit as error:  # how a command-line parser refuses a configuration
        reason = stderr.getvalue().strip().removeprefix("error: ") or str(error)
        raise Missing(f"its configuration can't be read: {reason.splitlines()[0]}") from error
    except FAILURES as error:
        raise Missing(reason_of(error)) from error


def reason_of(error: Exception) -> str:
    """What an exception says; with its type where the text alone, such as a missing key, doesn't tell enough."""
    plain = isinstance(error, Missing | ValueError | OSError) and str(error)
    return str(error) if plain else f"{type(error).__name__}: {error}"


def _lines(path: Path) -> list[dict]:
    """What a run has logged into a file.

    Raises:
        Missing: nothing, or it can't be read.
    """
    lines = attempt(lambda: list(read_jsonl(path)))
    if not lines:
        raise Missing(f"it has no {path.name}, or nothing in it")
    return lines


class Pool:
    """Data sets that several runs share, each built once, with overlays kept apart where there are any."""

    def __init__(self):
        self.made: dict[str, Data] = {}
        self.parser = make_parser("")

    def data(self, config) -> Data:
        """The data of a configuration."""
        config = config.clone()
        arguments = config.data.init_args
        if "planes" in arguments and "sample_rate" not in arguments and arguments.get("overlay", True) is not None:
            arguments.planes = True  # tells masks of overlays; what the encoder reads stays the same
        key = str(config.data)
        if key not in self.made:
            self.made[key] = build_data(self.parser, config)
        return self.made[key]


class OpenedRun:
    """One run of a report.

    Args:
        path: its folder.
        index: its position in the report, which decides its color.
        pool: of the data sets.
        parts: what the run is made of, where they are at hand.
    """

    def __init__(self, path: Path | str, index: int, pool: Pool, parts: Parts | None = None):
        self.folder, self.index, self.pool = RunFolder(path), index, pool
        self.name = self.folder.path.resolve().name
        self.warnings: list[str] = []
        self._given = parts

    @cached_property
    def settings(self) -> dict:
        """The configuration as plain YAML."""
        attempt(self.folder.must_be_run)
        settings = attempt(lambda: yaml.safe_load(self.folder.config.read_text(encoding="utf-8")))
        if not isinstance(settings, dict):
            raise Missing(f"{self.folder.config.name} holds no settings")
        return settings

    @cached_property
    def spec(self) -> DataSpec:
        """What the data were like."""
        return attempt(self.folder.load_spec)

    @cached_property
    def data_key(self) -> str:
        """Equal for runs on the same data.

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
    def metrics(self) -> list[dict]:
        """The logged lines."""
        return _lines(self.folder.metrics)

    @cached_property
    def timings(self) -> list[dict]:
        """The logged speeds."""
        return _lines(self.folder.timings)

    @cached_property
    def results(self) -> Results:
        """The evaluation."""
        if not self.folder.results.is_file():
            raise Missing(f"it has no {self.folder.results.name} yet: it isn't finished, or wasn't evaluated")
        try:
            return attempt(lambda: Results.load(self.folder.results))
        except Missing as error:
            raise Missing(f"its {self.folder.results.name} can't be read by this version: {error}") from error

    @cached_property
    def parts(self) -> Parts:
        """Data, views and method with the weights of the newest whole checkpoint."""
        if self._given is not None:
            return self._given
        return self._keeping_warnings(self._load_parts)

    @cached_property
    def encoder(self) -> nn.Module:
        """The trained encoder."""
        if self._given is not None:
            return self._given.encoder
        return self._keeping_warnings(lambda: load(self.folder.path))

    @cached_property
    def data(self) -> Data:
        """The data; a torn checkpoint doesn't matter."""
        if self._given is not None:
            return self._given.data
        return self._keeping_warnings(lambda: self.pool.data(self._config()))

    def samples(self, num_samples: int, seed: int = 0) -> tuple[Tensor, dict[str, Tensor]]:
        """Test samples in storage form and their labels: the same ones for all runs on the same data."""
        dataset = attempt(lambda: self.data.split("test"))
        chosen = take(dataset, subset(len(dataset), num_samples, seed))
        return chosen.x, {task: chosen.labels[task] for task in self.data.spec.tasks if task in chosen.labels}

    def _config(self):
        self.folder.must_be_run()
        return self.pool.parser.read(self.folder.config)

    def _load_parts(self) -> Parts:
        config = self._config()
        newest = load_newest(self.folder.checkpoints)
        if newest is None:
            raise ValueError("it has no whole checkpoint, so the views can't be drawn as they were trained")
        parts = build(self.pool.parser, config, self.data)
        parts.method.load_state_dict(newest[1]["method"])
        parts.method.eval()
        return parts

    def _keeping_warnings(self, make: Callable[[], T]) -> T:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                return attempt(make)
            finally:
                self.warnings += [str(each.message) for each in caught if str(each.message) not in self.warnings]
