"""Training from Python: a method and data, and the loop that the command line runs."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import nn
from tqdm import tqdm

from viewlearn.bounds import Count, SmallCountOrZero, check_fields
from viewlearn.data import Data, NoSplit, Sight, as_data, check_agreement, check_data, make_loader, take
from viewlearn.data.given import Source
from viewlearn.distributed import telling_of_lost_processes
from viewlearn.evaluation import EvaluationPlan, Results, evaluate
from viewlearn.evaluation.frozen import device_of, evaluation_mode
from viewlearn.evaluation.probes import Extraction, on_validation
from viewlearn.evaluation.watch import TrainingMonitor
from viewlearn.methods import Method
from viewlearn.runs.folder import RunFolder
from viewlearn.runs.logs import read_jsonl
from viewlearn.runs.longer import LENGTH, SCHEDULES, lengthen, must_be_longer
from viewlearn.runs.memory import MemoryStore
from viewlearn.runs.processes import in_main_process
from viewlearn.runs.provenance import provenance
from viewlearn.training.compute import Compute
from viewlearn.training.hardware import make_accelerator
from viewlearn.training.loop import train
from viewlearn.training.players import MakeOptimizer, make_optimizers
from viewlearn.training.schedule import Schedule, Stretch
from viewlearn.training.settings import TrainingSettings
from viewlearn.training.state import Store
from viewlearn.views import Identity
from viewlearn.views.contract import check_views

SGD: MakeOptimizer = partial(torch.optim.SGD, lr=0.03, momentum=0.9, weight_decay=1e-4)
ADAM: MakeOptimizer = partial(torch.optim.Adam, lr=1e-3)
NUM_CHECKED = 32  # samples of the first batch, at most, on which views are checked


@dataclass(frozen=True)
class Reading:
    """How samples come to the device.

    Args:
        load: ``device`` keeps all data there, ``workers`` reads samples when they are needed, ``auto`` goes by size.
        num_workers: Number of processes that read samples when they are needed.

    Raises:
        ValueError: A setting out of range; the message names it, its value and what is allowed.
    """

    load: Literal["auto", "device", "workers"] = "auto"
    num_workers: SmallCountOrZero = 2

    def __post_init__(self):
        check_fields(self)


class Trainer:
    """Trains a method on data, with the loop of ``python -m viewlearn.train``, which is a client of this class.

    ::

        data = viewlearn.as_data((images, labels))
        encoder = data.bind(viewlearn.Backbone, "resnet10w16")
        method = viewlearn.SimCLR(encoder, data.pipeline(SimCLRViews(size=32)))
        trainer = viewlearn.Trainer(method, data, batch_size=128)
        trainer.fit(steps=1000)
        print(trainer.evaluate())

    Under ``accelerate launch``, each process makes one, with a method whose weights are the same in all.

    Args:
        method: Method to train, whose views are a pipeline from stored samples to what the encoder reads.
        data: Data, or what ``as_data`` makes data of.
        batch_size: Number of samples per process and step.
        optimizer: Makes the learner's optimizer (encoder and heads) from its parameters; SGD by default.
        views_optimizer: Makes the optimizer of learned views; Adam by default.
        settings: How to train.
        reading: How samples come to the device.
        accelerator: Device, precision and processes; the machine's own by default, see ``make_accelerator``.

    Raises:
        ValueError: Data that the method can't learn from, views that don't decode them or make something of the first
            batch that no encoder reads (see ``check_views``), a batch that the data can't fill, or processes that read
            different data.
    """

    def __init__(
        self,
        method: Method,
        data: Data | Source,
        batch_size: Count = 256,
        optimizer: MakeOptimizer = SGD,
        views_optimizer: MakeOptimizer = ADAM,
        settings: TrainingSettings = TrainingSettings(),
        reading: Reading = Reading(),
        accelerator: Accelerator | None = None,
    ):
        if not isinstance(data, Data):
            data = as_data(data)
            check_data(data, ("train",))
        self.method, self.data, self.settings = method, data, settings
        self.accelerator = accelerator or make_accelerator(
            "auto", "auto", find_unused_parameters=settings.updates == "alternating"
        )
        _check_pipeline(method, data)
        dataset = data.pretraining()
        method.check(dataset)
        if self.accelerator.num_processes > 1:
            check_agreement(gather_object([Sight.of(data)]))
        self.loader = make_loader(
            dataset,
            batch_size,
            seed=settings.seed,
            rank=self.accelerator.process_index,
            world_size=self.accelerator.num_processes,
            device=self.accelerator.device,
            load=reading.load,
            num_workers=reading.num_workers,
        )
        self._check_first_batch()
        make_optimizers(method, optimizer, views_optimizer)  # only to hear now what they refuse
        self.optimizer, self.views_optimizer = optimizer, views_optimizer
        # bf16 or no, as make_accelerator chooses it
        precision: Literal["no", "bf16"] = "bf16" if self.accelerator.mixed_precision == "bf16" else "no"
        workers = 0 if reading.load == "device" else reading.num_workers
        self.extraction = Extraction(device=self.accelerator.device, mixed_precision=precision, num_workers=workers)
        self.monitor = None
        if settings.monitor_every:
            self.monitor = TrainingMonitor(
                data,
                method.views,
                extraction=replace(self.extraction, batch_size=256, num_workers=0),
                say=partial(tqdm.write, file=sys.stderr),
            )
        self._memory = MemoryStore()
        self._before: tuple[Stretch, ...] = ()  # of what is in memory
        self._now: TrainingSettings | None = None

    def fit(
        self,
        steps: int | None = None,
        *,
        compute: float | None = None,
        folder: str | Path | None = None,
        resume: bool = False,
    ) -> list[dict[str, Any]]:
        """Trains to the end, and returns what was logged on the way.

        Without a folder, nothing is written, and another call goes on from where the last one ended. In a folder are
        metrics, checkpoints and the trained encoder, as ``RunFolder`` names them. More steps than a run had before make
        it longer: the schedules of the settings begin anew with what is added.

        Args:
            steps: Number of optimizer steps of the whole run; that of the settings by default.
            compute: Training compute of the whole run in TFLOP, in place of steps.
            folder: Folder of the run, which mustn't exist yet.
            resume: Whether to go on in a folder that exists, from its newest checkpoint.

        Returns:
            A line for each logged step, in order: ``step``, ``loss``, ``lr``, what the method measures, ….

        Raises:
            ValueError: Steps and compute together or none that a run can have, a folder that exists, or, to resume, one
                that another process writes to, is damaged, or was begun with other settings.
            FloatingPointError: The loss or the weights stopped being finite.
            StorageError: The folder can't be written to.
            LostProcess: Another process of the run has ended.
        """
        settings = self._of_length(steps, compute)
        if folder is None:
            if resume:
                raise ValueError("resume needs the folder to go on in; without a folder, fit goes on by itself")
            self._lengthen(settings)
            self.train(self._memory, replace(settings, checkpoint_every=0), self._before)
            return list(self._memory.metrics)
        run = RunFolder(folder)
        try:
            with telling_of_lost_processes():
                before = self._open(run, settings) if resume else ()
                self.train(run, settings, before, None if resume else lambda: self._create(run, settings))
        finally:
            run.release()
        return list(read_jsonl(run.metrics))

    def train(
        self,
        store: Store,
        settings: TrainingSettings | None = None,
        before: Sequence[Stretch] = (),
        begin: Callable[[], object] | None = None,
        stop: Callable[[], str | None] = lambda: None,
    ) -> Compute:
        """Trains to the end, from the newest checkpoint of a store if there is one.

        Args:
            store: Where metrics and checkpoints go.
            settings: How to train; the trainer's own by default.
            before: Earlier stretches of a run that was made longer.
            begin: Called before anything is written, when a step has been tried on a copy of the method.
            stop: Asked after each step, or where several processes log, whether to save and stop here, and why.

        Returns:
            The number of steps, and what each of them costs.

        Raises:
            ValueError: A compute budget below one step.
            FloatingPointError: The loss or the weights stopped being finite.
        """
        return train(
            self.method,
            self.loader,
            self.accelerator,
            store,
            self.optimizer,
            self.views_optimizer,
            self.monitor,
            settings or self.settings,
            before,
            begin,
            stop,
        )

    def evaluate(self, plan: EvaluationPlan = EvaluationPlan(), random_encoder: nn.Module | None = None) -> Results:
        """Evaluates the encoder as it is, frozen, on the test split, or on validation samples where there is no test.

        Args:
            plan: What is evaluated.
            random_encoder: Encoder before training to compare with, such as a copy of it; None leaves it out.

        Raises:
            ValueError: As ``viewlearn.evaluation.evaluate`` does.
        """
        try:
            self.data.split("test")
        except NoSplit:
            data, split = on_validation(self.data), "validation"
        else:
            data, split = self.data, "test"
        encoder = self.method.encoder
        results = evaluate(encoder, data, plan, self.extraction, random_encoder=random_encoder)
        results.info.update(provenance(self.accelerator), seed=self.settings.seed, evaluated_on=split)
        return results

    def _check_first_batch(self) -> None:
        """Raises ValueError if the views make of it what the encoder can't read."""
        first = self.loader.indices(0)[0][:NUM_CHECKED]
        x = take(self.loader.dataset, first).x.to(device_of(self.method.views))
        generator = torch.Generator(x.device).manual_seed(self.settings.seed)
        spec = self.data.spec
        with torch.no_grad(), torch.random.fork_rng(), evaluation_mode(self.method.views):
            check_views(self.method.views, x, spec.shape[0], spec.value_range, generator)

    def _of_length(self, steps: int | None, compute: float | None) -> TrainingSettings:
        if steps is not None and compute is not None:
            raise ValueError(f"give steps or compute, not both; they are {steps} and {compute}")
        if steps is not None:
            return replace(self.settings, steps=steps, compute=None)
        return self.settings if compute is None else replace(self.settings, compute=compute)

    def _lengthen(self, settings: TrainingSettings) -> None:
        """Makes what is in memory longer, if settings say so."""
        now, self._now = self._now, settings
        if now is not None and any(getattr(now, name) != getattr(settings, name) for name in LENGTH):
            self._now = now  # until settings are found right
            must_be_longer(now, settings)
            end = self._memory.compute["steps"]
            self._before, self._now = (*self._before, Stretch(end, now.schedule, now.views_schedule)), settings

    def _create(self, folder: RunFolder, settings: TrainingSettings) -> None:
        """Makes the folder."""
        text = json.dumps(self._described(settings), indent=1)
        in_main_process(lambda: folder.create(self.data.spec, {folder.settings.name: text}))

    def _open(self, folder: RunFolder, settings: TrainingSettings) -> tuple[Stretch, ...]:
        """Has an older run's folder go on; returns the run's earlier stretches."""
        described = json.loads(json.dumps(self._described(settings)))
        in_main_process(lambda: folder.resume(settings.keep_checkpoints))
        change = self.data.spec.change_from(folder.load_spec())
        if change is not None:
            raise ValueError(f"the data have changed since {folder.path} was started: {change}")
        if not folder.settings.is_file():
            raise ValueError(f"{folder.path} was started by a command line: go on by --resume {folder.path}")
        stored = json.loads(folder.settings.read_text(encoding="utf-8"))
        changed = [
            f"{key}: {stored.get(key)} → {value}"
            for key, value in described.items()
            if stored.get(key) != value and key not in (*LENGTH, *SCHEDULES)
        ]
        if changed:
            raise ValueError(f"{folder.path} was started with other settings: {', '.join(changed)}")
        first = replace(
            settings,
            steps=stored["steps"],
            compute=stored["compute"],
            schedule=Schedule(**stored["schedule"]),
            views_schedule=Schedule(**stored["views_schedule"]),
        )
        return in_main_process(lambda: lengthen(folder, first, settings))

    def _described(self, settings: TrainingSettings) -> dict[str, Any]:
        """What a folder says of a run that has no configuration."""
        kind = type(self.method)
        batch = {"method": f"{kind.__module__}.{kind.__qualname__}", "batch_size": self.loader.batch_size}
        return {**batch, **asdict(settings)}


def _check_pipeline(method: Method, data: Data) -> None:
    """Raises ValueError if a method's views don't take samples as they are stored."""
    stored, _ = data.pretraining()[0]
    entries = method.views.names
    decoded = "decode" in entries or stored.is_floating_point()
    if not decoded or ("front_end" not in entries and not isinstance(data.front_end, Identity)):
        raise ValueError(
            f"the views of {type(method).__name__} ({', '.join(entries) or 'none'}) don't decode samples, which are "
            f"stored as {stored.dtype}: make the method of the data's pipeline, "
            f"{type(method).__name__}(encoder, data.pipeline(views))"
        )
