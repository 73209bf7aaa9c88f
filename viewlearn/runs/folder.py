"""A run is a folder: its configuration, what it measured, its checkpoints, its encoder."""

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from torch import Tensor, nn

from viewlearn.data import DataSpec
from viewlearn.evaluation import Results
from viewlearn.files import (
    clear_leftovers,
    fingerprint,
    read_weights,
    sync,
    write_text,
    write_weights,
    writing_folder,
)
from viewlearn.runs.checkpoint import MANIFEST, last_good, load_newest, read_manifest, repair, save_checkpoint
from viewlearn.runs.logs import append_jsonl, check_logs, rewind_jsonl

LOCK = ".lock"
PATIENCE = 5.0  # seconds that a run waits for the end of another process that still holds its folder
RUN = "run"  # key, in files of a run, of what tells it from others


class StorageError(OSError):
    """A run's folder can't be written to; the message says which file, why, and what is kept."""


class RunFolder:
    """Holds the paths of one run, and reads and writes its files.

    =========================  ===========================================================================
    ``config.yaml``            every setting, as ``--config`` takes it
    ``settings.json``          in its place, the settings of a run that was started in Python, by a ``Trainer``
    ``data.json``              the ``DataSpec`` that encoder and views were bound to
    ``skipped.json``           samples that couldn't be read and were skipped, with reasons
    ``manifest.json``          size and SHA-256 of these files, which never change
    ``metrics.jsonl``          one line per logged step; nothing that depends on the clock
    ``timings.jsonl``          speed and memory at the same steps
    ``longer.json``            of a run that was made longer: its earlier stretches, and how long it is now
    ``compute.json``           steps, floating-point operations of a step, and TFLOP of the whole training
    ``checkpoints/step_N/``    everything that an exact resume needs
    ``encoder.safetensors``    the trained encoder
    ``results.json``           the evaluation
    ``figures/``               pictures of views and curves
    ``report.html``            the whole run on one page
    ``.lock``                  held by the process that writes, as long as it lives
    =========================  ===========================================================================

    These appear at once, in one folder that is written beside the run's and renamed. What can't be written
    raises ``StorageError``.

    Args:
        path: Path of the folder, which needn't exist yet.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.settings = self.path / "settings.json"
        self.data = self.path / "data.json"
        self.skipped = self.path / "skipped.json"
        self.manifest = self.path / MANIFEST
        self.metrics = self.path / "metrics.jsonl"
        self.timings = self.path / "timings.jsonl"
        self.longer = self.path / "longer.json"
        self.compute = self.path / "compute.json"
        self.checkpoints = self.path / "checkpoints"
        self.encoder = self.path / "encoder.safetensors"
        self.results = self.path / "results.json"
        self.figures = self.path / "figures"
        self.report = self.path / "report.html"
        self._lock: FileLock | None = None

    def must_be_free(self) -> None:
        """Checks that a new run can have this folder.

        Raises:
            ValueError: Something is there already.
        """
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise ValueError(
                f"{self.path} exists already: go on with it by --resume {self.path}, or choose another --out"
            )

    def create(self, spec: DataSpec | None = None, texts: Mapping[str, str] | None = None) -> None:
        """Makes the folder for a new run, whole or not at all, and holds it until ``release``.

        Args:
            spec: What the encoder and the views are bound to.
            texts: Content of other files that never change, by name.

        Raises:
            ValueError: Something is there already, or the folder can't be made.
        """
        self.must_be_free()
        texts = {**(texts or {}), **({} if spec is None else {self.data.name: json.dumps(asdict(spec), indent=1)})}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            clear_leftovers(self.path.parent, deep=False)
            with writing_folder(self.path, must_be_first=True) as temporary:
                self._lock = FileLock(temporary / LOCK)  # goes along when the folder is renamed
                self._lock.acquire()
                for name, text in texts.items():
                    write_text(temporary / name, text)
                files = {name: fingerprint(temporary / name) for name in texts}
                write_text(temporary / MANIFEST, json.dumps({"files": files}, indent=1))
                (temporary / self.figures.name).mkdir()
        except OSError as error:
            self.release()
            self.must_be_free()
            raise ValueError(f"the run folder {self.path} can't be made: {error}") from error

    def resume(self, keep: int) -> None:
        """Makes the folder of an older run ready to go on, and holds it until ``release``.

        What dead processes left unfinished is removed, and checkpoints that aren't whole are set aside.

        Args:
            keep: Number of checkpoints to keep.

        Raises:
            ValueError: No run folder, one that another process is writing to, or a damaged file in it that isn't
                made anew.
        """
        self.must_be_run()
        self._lock = FileLock(self.path / LOCK)
        try:
            self._lock.acquire(timeout=PATIENCE)
        except Timeout as error:
            raise ValueError(f"another process writes to {self.path}; wait until it has ended, or end it") from error
        except OSError as error:
            raise ValueError(f"{self.path} can't be written to: {error}") from error
        try:
            clear_leftovers(self.path)
            step = repair(self.checkpoints, keep, self.identity)
            if step:
                check_logs(self.path, step, read_manifest(self.checkpoints / f"step_{step:08d}").get("logs", {}))
        except (OSError, ValueError) as error:
            self.release()
            raise ValueError(str(error)) from error

    def release(self) -> None:
        """Lets other processes write to the folder, as the end of this process would."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @property
    def identity(self) -> str:
        """What tells this run from others: a digest of what never changes in it; empty without ``manifest.json``."""
        return hashlib.sha256(self.manifest.read_bytes()).hexdigest() if self.manifest.is_file() else ""

    def must_be_run(self) -> None:
        """Checks that this is the folder of a run, and that what never changes is what it was.

        Raises:
            ValueError: No such folder, one without a configuration, or a damaged file.
        """
        if not self.path.is_dir():
            raise ValueError(f"there is no run folder {self.path}")
        if not self.config.is_file() and not self.settings.is_file():
            raise ValueError(f"{self.path} is no run folder: it has no {self.config.name}")
        if not self.manifest.is_file():
            warnings.warn(f"{self.path} has no {MANIFEST}, so whether its files are whole isn't known", stacklevel=2)
            return
        try:
            files = dict(json.loads(self.manifest.read_text(encoding="utf-8"))["files"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self.manifest} is damaged ({error}); if {self.config.name} and {self.data.name} are as they were, "
                f"delete it"
            ) from error
        for name, expected in files.items():
            path = self.path / name
            if not path.is_file() or fingerprint(path) != expected:
                raise ValueError(
                    f"{path} is {'damaged or was changed' if path.exists() else 'missing'}: {MANIFEST} knows another; "
                    f"put the original back, or delete {self.manifest} to go on with what is there"
                )

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
                code_bits=stored.get("code_bits", 0),  # runs of before there were codes have none
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{self.data} can't be read: {type(error).__name__}: {error}") from error

    def log_metrics(self, line: dict[str, Any]) -> None:
        """Adds a line of what was measured at a step."""
        with self.writing(self.metrics):
            append_jsonl(self.metrics, line)

    def log_timings(self, line: dict[str, Any]) -> None:
        """Adds a line of what depends on the clock."""
        with self.writing(self.timings):
            append_jsonl(self.timings, line)

    def save_checkpoint(self, step: int, state: dict[str, Any], keep: int = 2) -> Path:
        """Keeps the state after a step, and only the newest ``keep`` states."""
        with self.writing(self.checkpoints):
            logs = [path for path in (self.metrics, self.timings) if path.exists()]
            for path in logs:
                sync(path)
            vouched = {path.name: fingerprint(path) for path in logs}
            return save_checkpoint(self.checkpoints, step, state, keep, self.identity, vouched)

    def load_newest_checkpoint(self) -> tuple[int, dict[str, Any]] | None:
        """Returns the newest whole checkpoint as (step, state); None if there is none."""
        return load_newest(self.checkpoints, self.identity)

    def save_compute(self, compute: dict[str, Any]) -> None:
        """Keeps what the training costs: steps, operations of a step, TFLOP in all."""
        with self.writing(self.compute):
            write_text(self.compute, json.dumps(compute, indent=1))

    def load_compute(self) -> dict[str, Any]:
        """Returns what the training costs."""
        return json.loads(self.compute.read_text(encoding="utf-8"))

    def save_encoder(self, encoder: nn.Module) -> None:
        """Exports the encoder; ``viewlearn.load`` reads it."""
        with self.writing(self.encoder):
            write_weights(self.encoder, encoder, {RUN: self.identity})

    def load_encoder(self) -> dict[str, Tensor]:
        """Returns the weights of the trained encoder.

        Raises:
            ValueError: There are none yet, or the file is damaged or another run's.
        """
        if not self.encoder.is_file():
            raise ValueError(f"{self.path} has no {self.encoder.name} yet: let the run finish, by --resume {self.path}")
        weights, about = read_weights(self.encoder)
        if self.identity and about.get(RUN, self.identity) != self.identity:
            raise ValueError(f"{self.encoder} is another run's; --resume {self.path} writes this one's again")
        return weights

    def save_results(self, results: dict[str, Any]) -> None:
        """Writes the evaluation."""
        with self.writing(self.results):
            write_text(self.results, json.dumps({**results, RUN: self.identity}, indent=1))

    def load_results(self) -> Results:
        """Returns the evaluation.

        Raises:
            ValueError: The file can't be read, or is another run's.
        """
        try:
            stored = json.loads(self.results.read_text(encoding="utf-8"))
            owner, results = stored.get(RUN, self.identity), Results.load(self.results)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{self.results} can't be read: {type(error).__name__}: {error}") from error
        if self.identity and owner != self.identity:
            raise ValueError(f"{self.results} is another run's")
        return results

    @contextmanager
    def writing(self, path: Path) -> Iterator[None]:
        """Within, what the disk refuses becomes one sentence.

        Raises:
            StorageError: A file can't be written, or the folder was deleted or moved.
        """
        try:
            if not self.path.is_dir():  # which writing would make again, without a configuration
                raise FileNotFoundError("the run folder was deleted or moved")
            yield
        except StorageError:
            raise
        except OSError as error:
            raise StorageError(f"{path} can't be written: {error}; {last_good(self.checkpoints)}") from error

    def rewind(self, step: int) -> None:
        """Drops logged lines from after ``step``, and a line that a crash tore, so that a resumed run repeats them."""
        for path in (self.metrics, self.timings):
            with self.writing(path):
                rewind_jsonl(path, step)
