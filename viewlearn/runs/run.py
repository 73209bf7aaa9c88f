"""A run from its command line to its results."""

import json
import shlex
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path

import torch
from accelerate import Accelerator
from jsonargparse import Namespace

from viewlearn.data import DataSpec, unanswerable
from viewlearn.distributed import telling_of_lost_processes
from viewlearn.endings import LATER, Stopped
from viewlearn.evaluation import EvaluationPlan, Results, evaluate
from viewlearn.evaluation.probes import Extraction, on_validation
from viewlearn.interruption import Interrupted, Interruption
from viewlearn.orphans import end_with_launcher
from viewlearn.runs.build import Parts, build, build_encoder, build_settings, show_data
from viewlearn.runs.checkpoint import checkpoints_in
from viewlearn.runs.figures import save_figures
from viewlearn.runs.flags import naming_flags, naming_settings
from viewlearn.runs.folder import RunFolder
from viewlearn.runs.longer import LENGTH, SCHEDULES, current, lengthen, must_be_longer
from viewlearn.runs.parser import CIRCUMSTANCES, Parser
from viewlearn.runs.processes import in_main_process
from viewlearn.runs.provenance import program, provenance
from viewlearn.runs.trackers import check_trackers, start_trackers
from viewlearn.runs.trainer import Reading, Trainer
from viewlearn.threads import set_threads
from viewlearn.training.hardware import choose_precision, make_accelerator
from viewlearn.training.schedule import Schedule, Stretch
from viewlearn.training.seeds import seed_for
from viewlearn.training.settings import TrainingSettings

RUNS = Path("runs")


def run(
    parser: Parser,
    argv: Sequence[str] | None = None,
    report: Callable[[RunFolder, Parts, bool], object] | None = None,
) -> tuple[RunFolder, Parts, Results | None]:
    """Parses the command line, trains, evaluates, and leaves a run folder.

    Args:
        parser: Parser of runs.
        argv: Command line; None for the process's own.
        report: Writes the run's page when all else is done, if ``--report`` is true, with ``--analyze``.

    Returns:
        The folder, the parts, and (in the main process) the results.

    Raises:
        ValueError: Invalid settings, or a damaged folder; before training starts, and before a folder is made.
        FloatingPointError: The loss or the weights stopped being finite.
        StorageError: The folder can't be written to.
        LostProcess: Another process of the run has ended or hangs.
        Stopped: Ctrl-C, a scheduler's signal, or the time that it was given is up.
    """
    interruption = Interruption()
    end_with_launcher(interruption.by_signal)
    config, first = _configuration(parser, sys.argv[1:] if argv is None else argv)
    interruption.minutes = config.stop_after
    set_threads(config.threads)
    with naming_settings(config), telling_of_lost_processes(config.process_timeout):
        accelerator = make_accelerator(
            config.device,
            config.precision,
            find_unused_parameters=config.updates == "alternating",
            process_timeout=config.process_timeout,
            log_with=check_trackers(config.trackers) or None,
            project_dir=str(config.resume or config.out or RUNS),
        )
        folder = _choose_folder(config)
        try:
            return _run_in(folder, parser, config, first, accelerator, interruption, report)
        except KeyboardInterrupt:
            raise Stopped(f"stopped{_way_on(folder)}" if accelerator.is_main_process else "") from None
        except Interrupted as asked:
            said = f"stopped by {asked}{_way_on(folder)}" if accelerator.is_main_process else ""
            raise Stopped(said, LATER) from None
        finally:
            folder.release()


def _run_in(
    folder: RunFolder,
    parser: Parser,
    config: Namespace,
    first: TrainingSettings | None,
    accelerator: Accelerator,
    interruption: Interruption,
    report: Callable[[RunFolder, Parts, bool], object] | None,
) -> tuple[RunFolder, Parts, Results | None]:
    parts = build(parser, config)
    if accelerator.is_main_process:
        for task, why in unanswerable(parts.data).items():
            warnings.warn(f"task {task!r} isn't evaluated: {why}", stacklevel=2)
    with naming_flags("method", config.method):
        parts.method.check(parts.data.pretraining())  # as the trainer does, which knows no flags
    trainer = Trainer(
        parts.method,
        parts.data,
        config.batch_size,
        parts.optimizer,
        parts.views_optimizer,
        build_settings(parser, config),
        Reading(config.load, config.num_workers),
        accelerator,
    )
    before: tuple[Stretch, ...] = ()
    if first is not None:
        _must_be_same_data(folder, parts.data.spec)
        before = in_main_process(lambda: lengthen(folder, first, trainer.settings))

    def begin() -> None:
        if not config.resume:
            _create(folder, parser, config, parts)
        start_trackers(config.trackers, folder, accelerator)

    with interruption.heeding_signals():
        trainer.train(folder, before=before, begin=begin, stop=interruption.why)
    accelerator.end_training()  # before what the main process does alone, in which the others would run out of time
    if not accelerator.is_main_process:
        return folder, parts, None
    results = evaluate_run(parser, config, folder, parts, accelerator)
    with folder.writing(folder.figures):
        save_figures(folder, parts.data, parts.method.views, accelerator.device, config.seed)
    if config.report and report is not None:
        with folder.writing(folder.report):
            report(folder, parts, config.analyze)
    return folder, parts, results


def evaluate_run(
    parser: Parser, config: Namespace, folder: RunFolder, parts: Parts, accelerator: Accelerator
) -> Results:
    """Probes the trained encoder and what it was before training, and writes ``results.json``."""
    with torch.random.fork_rng():  # the run's first weights, however often and after whatever this is called
        torch.manual_seed(seed_for(config.seed, 0, "weights"))
        random = build_encoder(parser, config, parts.data.spec)
        show_data(random, parts.data, config.seed)
    extraction = Extraction(
        device=accelerator.device,
        mixed_precision=choose_precision(config.precision, accelerator.device),
        num_workers=0 if config.load == "device" else config.num_workers,
    )
    data = parts.data if config.evaluate_on == "test" else on_validation(parts.data)
    results = evaluate(parts.encoder, data, EvaluationPlan(probes=config.probes), extraction, random_encoder=random)
    results.info.update(
        provenance(accelerator), seed=config.seed, evaluated_on=config.evaluate_on, **folder.load_compute()
    )
    folder.save_results(results.to_dict())
    return results


def _way_on(folder: RunFolder) -> str:
    """What to tell of a run that was stopped."""
    if not folder.config.is_file():
        return " before the run began; nothing is kept"
    steps = [step for step, _ in checkpoints_in(folder.checkpoints)]
    kept = f"the newest checkpoint is of step {steps[-1]}" if steps else "there is no checkpoint yet, so from the start"
    return f"; go on by: {program()} --resume {shlex.quote(str(folder.path))}   ({kept})"


def _configuration(parser: Parser, argv: Sequence[str]) -> tuple[Namespace, TrainingSettings | None]:
    """The configuration of a new run, or of the one to go on with, which the command line may not change.

    With the latter, the settings of training that it was started with.
    """
    config = parser.parse(argv)
    for name in ("out", "name", "resume"):
        if config[name] == "":
            raise ValueError(f"--{name} is empty; leave it out, or say which")
    if config.name and (Path(config.name).name != config.name or config.name.startswith(".")):
        raise ValueError(f"--name is {config.name!r}; it must be the name of one folder, and not start with a dot")
    if not config.resume:
        return config, None
    folder = RunFolder(config.resume)
    try:
        folder.must_be_run()
    except ValueError as error:
        raise ValueError(f"--resume: {error}") from error
    stored = parser.read(folder.config, config.trust)
    first = build_settings(parser, stored)
    _, settings = current(folder, first)
    for name in (*LENGTH, *SCHEDULES):
        value = getattr(settings, name)
        stored[name] = Namespace(**asdict(value)) if isinstance(value, Schedule) else value
    resumed = parser.parse(argv, over=stored)
    before, after = _computed(stored), _computed(resumed)
    changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    if not set(LENGTH).isdisjoint(changed):
        must_be_longer(settings, build_settings(parser, resumed))
        changed = [key for key in changed if key.split(".")[0] not in (*LENGTH, *SCHEDULES)]
    if changed:
        others = ", ".join(f"{key}: {before.get(key)} → {after.get(key)}" for key in changed)
        raise ValueError(f"a resumed run keeps its configuration; {config.resume} was started with others: {others}")
    return resumed, first


def _computed(config: Namespace) -> dict[str, object]:
    """The settings that decide what a run computes."""
    return {key: value for key, value in config.items() if key.split(".")[0] not in CIRCUMSTANCES}


def _choose_folder(config: Namespace) -> RunFolder:
    """Where the run lives; that it can have that folder is made sure before anything takes long."""
    if config.resume:
        folder = RunFolder(config.resume)
        in_main_process(lambda: folder.resume(config.keep_checkpoints))
        return folder

    def choose() -> str:
        path = Path(config.out) if config.out else _first_free(config)
        RunFolder(path).must_be_free()
        return str(path)

    return RunFolder(in_main_process(choose))


def _first_free(config: Namespace) -> Path:
    """``runs/NAME``, or the first of ``runs/NAME-2``, … that is free."""
    name = config.name or "-".join(_made_by(config[component]) for component in ("data", "views", "method"))
    names = (name if i == 1 else f"{name}-{i}" for i in count(1))
    return next(RUNS / free for free in names if not (RUNS / free).exists())


def _made_by(component: Namespace | Callable) -> str:
    """The name of a component's class, or of the function that makes it."""
    return component.class_path.rpartition(".")[2] if isinstance(component, Namespace) else component.__name__


def _create(folder: RunFolder, parser: Parser, config: Namespace, parts: Parts) -> None:
    """Makes the folder, with what was chosen and what it was bound to."""

    def create() -> None:
        texts = {folder.config.name: _as_yaml(parser, config, parts)}
        if parts.data.skipped:
            texts[folder.skipped.name] = json.dumps(parts.data.skipped, indent=1)
        folder.create(parts.data.spec, texts)

    in_main_process(create)


def _must_be_same_data(folder: RunFolder, spec: DataSpec) -> None:
    """Raises ValueError if the data are others than the run was started with."""
    change = spec.change_from(folder.load_spec())
    if change is not None:
        raise ValueError(f"the data have changed since {folder.path} was started: {change}")


def _as_yaml(parser: Parser, config: Namespace, parts: Parts) -> str:
    """The configuration with what the data measured, and without where the run lives."""
    config = config.clone()
    for name, value in parts.data.resolved().items():
        config.data.init_args[name] = value
    for name in CIRCUMSTANCES:
        config[name] = parser.get_default(name)
    return parser.dump(config, skip_unset=False)
