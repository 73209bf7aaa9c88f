"""A run is a folder: its configuration, what it measured, its checkpoints, its encoder."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from viewlearn.data import DataSpec
from viewlearn.files import sync, write_text, write_weights
from viewlearn.runs.checkpoint import load_newest, save_checkpoint


class RunFolder:
    """Holds the paths of one run, and reads and writes its files.

    =========================  ===========================================================================
    ``config.yaml``            every setting, as ``--config`` takes it
    ``data.json``              the ``DataSpec`` that encoder and views were bound to
    ``skipped.json``           samples that couldn't be read and were skipped, with reasons
    ``metrics.jsonl``          one line per logged step; nothing that depends on the clock
    ``timings.jsonl``          speed and memory at the same steps
    ``compute.json``           steps, floating-point operations of a step, and TFLOP of the whole training
    ``checkpoints/step_N/``    everything that an exact resume needs
    ``encoder.safetensors``    the trained encoder
    ``results.json``           the evaluation
    ``figures/``               pictures of views and curves
    ``report.html``            the whole run on one page
    =========================  ===========================================================================

    Args:
        path: Path of the folder, which needn't exist yet.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.data = self.path / "data.json"
        self.skipped = self.path / "skipped.json"
        self.metrics = self.path / "metrics.jsonl"
        self.timings = self.path / "timings.jsonl"
        self.compute = self.path / "compute.json"
        self.checkpoints = self.path / "checkpoints"
        self.encoder = self.path / "encoder.safetensors"
        self.results = self.path / "results.json"
        self.figures = self.path / "figures"
        self.report = self.path / "report.html"

    def must_be_free(self) -> None:
        """Checks that a new run can have this folder.

        Raises:
            ValueError: Something is there already.
        """
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise ValueError(
                f"{self.path} exists already: go on with it by --resume {self.path}, or choose another --out"
            )

    def create(self) -> None:
        """Makes the folder for a new run.

        Raises:
            ValueError: Something is there already, or the folder can't be made.
        """
        self.must_be_free()
        try:
            self.figures.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"the run folder {self.path} can't be made: {error}") from error

    def must_be_run(self) -> None:
        """Checks that this is the folder of a run.

        Raises:
            ValueError: No such folder, or one without a configuration.
        """
        if not self.path.is_dir():
            raise ValueError(f"there is no run folder {self.path}")
        if not self.config.is_file():
            raise ValueError(f"{self.path} is no run folder: it has no {self.config.name}")

    def save_spec(self, spec: DataSpec) -> None:
        """Keeps what the encoder and the views were bound to."""
        write_text(self.data, json.dumps(asdict(spec), indent=1))

    def load_spec(self) -> DataSpec:
        """Returns what the encoder and the views were bound to.

        Raises:
            ValueError: The file is missing, torn, or of another form.
        """
        try:
            stored = json.loads(self.data.read_text(encoding="utf-8"))
            return DataSpec(
                shape=tuple(stored["shape"]),
                tasks={task: tuple(names) for task, names in stored["tasks"].items()},
                mean=tuple(stored["mean"]),
                std=tuple(stored["std"]),
                num_train=stored["num_train"],
                sample_rate=stored["sample_rate"],
                num_samples=stored["num_samples"],
                value_range=stored["value_range"] and tuple(stored["value_range"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{self.data} can't be read: {type(error).__name__}: {error}") from error

    def log_metrics(self, line: dict[str, Any]) -> None:
        """Adds a line of what was measured at a step."""
        append_jsonl(self.metrics, line)

    def log_timings(self, line: dict[str, Any]) -> None:
        """Adds a line of what depends on the clock."""
        append_jsonl(self.timings, line)

    def save_checkpoint(self, step: int, state: dict[str, Any], keep: int = 2) -> Path:
        """Keeps the state after a step, and only the newest ``keep`` states."""
        return save_checkpoint(self.checkpoints, step, state, keep)

    def load_newest_checkpoint(self) -> tuple[int, dict[str, Any]] | None:
        """Returns the newest whole checkpoint as (step, state); None if there is none."""
        return load_newest(self.checkpoints)

    def save_compute(self, compute: dict[str, Any]) -> None:
        """Keeps what the training costs: steps, operations of a step, TFLOP in all."""
        write_text(self.compute, json.dumps(compute, indent=1))

    def load_compute(self) -> dict[str, Any]:
        """Returns what the training costs."""
        return json.loads(self.compute.read_text(encoding="utf-8"))

    def save_encoder(self, encoder: nn.Module) -> None:
        """Exports the encoder; ``viewlearn.load`` reads it."""
        write_weights(self.encoder, encoder)

    def save_results(self, results: dict[str, Any]) -> None:
        """Writes the evaluation."""
        write_text(self.results, json.dumps(results, indent=1))

    def rewind(self, step: int) -> None:
        """Drops logged lines from after ``step``, and a line that a crash tore, so that a resumed run repeats them."""
        for path in (self.metrics, self.timings):
            lines = [json.dumps(line) for line in read_jsonl(path) if line["step"] <= step]
            write_text(path, "".join(line + "\n" for line in lines))


def append_jsonl(path: Path, line: dict[str, Any], durable: bool = False) -> None:
    """Adds one line to a file; ``durable`` waits for the disk."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    if durable:
        sync(path)


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the whole lines of a file; none if it doesn't exist."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)
