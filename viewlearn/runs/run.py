"""A run from its command line to its results."""

import json
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import broadcast_object_list
from jsonargparse import Namespace

from viewlearn.data import Data, Loader, make_loader
from viewlearn.evaluation import KNNMonitor, Results, evaluate
from viewlearn.files import write_text
from viewlearn.runs.build import Parts, build, build_data, build_encoder, build_settings, show_data
from viewlearn.runs.checkpoint import load_newest
from viewlearn.runs.figures import draw_figures
from viewlearn.runs.folder import RunFolder
from viewlearn.runs.parser import Parser
from viewlearn.runs.provenance import provenance
from viewlearn.runs.trackers import check_trackers
from viewlearn.training.hardware import make_accelerator, set_threads
from viewlearn.training.loop import train
from viewlearn.training.players import make_optimizers
from viewlearn.training.seeds import seed_for

PLACE = ("config", "out", "name", "resume")  # where a run lives, not what it computes
RUNS = Path("runs")


def run(
    parser: Parser, argv: list[str] | None = None, report: Callable[[RunFolder, Parts], object] | None = None
) -> tuple[RunFolder, Parts, Results | None]:
    """Parses the command line, trains, evaluates, and leaves a run folder.

    Args:
        parser: of runs.
        argv: the command line; None for the process's own.
        report: writes the run's page, when all else is done and ``--report`` is true.

    Returns:
        the folder, the parts, and (in the main process) the results.

    Raises:
        ValueError: settings that can't be; before training starts, and before the folder is made.
        FloatingPointError: the loss or the weights stopped being finite.
    """
    argv = sys.argv[1:] if argv is None else argv
    config = parser.parse_args(argv)
    if config.resume:
        config = _resumed(parser, config.resume, argv)
    set_threads(config.threads)
    accelerator = make_accelerator(
        config.device,
        config.precision,
        find_unused_parameters=config.updates == "alternating",
        log_with=check_trackers(config.trackers) or None,
        project_dir=str(config.resume or config.out or RUNS),
    )
    folder = _choose_folder(config)
    parts = build(parser, config)
    parts.method.check(parts.data.pretraining())
    loader = _loader(config, parts, accelerator)
    settings = build_settings(parser, config)
    make_optimizers(parts.method, parts.optimizer, parts.views_optimizer)  # only to hear now what they refuse
    monitor = None
    if config.monitor_every > 0:
        monitor = KNNMonitor(parts.data, device=accelerator.device, precision=accelerator.mixed_precision)
    if not config.resume:
        _create(folder, _settings(parser, config, parts), parts, accelerator)
    if config.trackers:
        names = {name: {"name": folder.path.name} for name in config.trackers if name != "tensorboard"}
        accelerator.project_configuration.logging_dir = str(folder.path)
        accelerator.init_trackers("viewlearn", init_kwargs=names)
    train(parts.method, loader, accelerator, folder, parts.optimizer, parts.views_optimizer, monitor, settings)
    accelerator.end_training()  # before what the main process does alone, in which the others would run out of time
    results = None
    if accelerator.is_main_process:
        results = evaluate_run(parser, config, folder, parts, accelerator)
        draw_figures(folder, parts.data, parts.method.views, accelerator.device, config.seed)
        if config.report and report is not None:
            report(folder, parts)
    return folder, parts, results


def evaluate_run(
    parser: Parser, config: Namespace, folder: RunFolder, parts: Parts, accelerator: Accelerator
) -> Results:
    """Probes the trained encoder and what it was before training, and writes ``results.json``."""
    with torch.random.fork_rng():  # the run's first weights, however often and after whatever this is called
        torch.manual_seed(seed_for(config.seed, 0, "weights"))
        random = build_encoder(parser, config, parts.data.spec)
        show_data(random, parts.data, config.seed)
    results = evaluate(
        parts.encoder,
        parts.data,
        methods=config.probes,
        random_encoder=random,
        device=accelerator.device,
        precision=accelerator.mixed_precision,
        num_workers=0 if config.load == "device" else config.num_workers,
    )
    results.info.update(provenance(accelerator), seed=config.seed, **folder.load_compute())
    folder.save_results(results.to_dict())
    return results


def load_run(
    parser: Parser, folder: RunFolder, make_data: Callable[[Parser, Namespace], Data] = build_data
) -> tuple[Namespace, Parts]:
    """Rebuilds a run from its folder: its configuration, its data, and its weights as they were at the end.

    Args:
        parser: of runs.
        folder: of the run.
        make_data: makes the data of its configuration; where several runs share them, it may keep them.

    Raises:
        ValueError: no run folder, no checkpoint in it, or data that aren't where they were.
    """
    folder.must_be_run()
    newest = load_newest(folder.checkpoints)
    if newest is None:
        raise ValueError(f"{folder.path} has no checkpoint yet: let the run go on, by --resume {folder.path}")
    config = parser.parse_args(["--config", str(folder.config)])
    parts = build(parser, config, make_data(parser, config))
    parts.method.load_state_dict(newest[1]["method"])
    return config, parts


def _loader(config: Namespace, parts: Parts, accelerator: Accelerator) -> Loader:
    return make_loader(
        parts.data.pretraining(),
        config.batch_size,
        seed=config.seed,
        rank=accelerator.process_index,
        world_size=accelerator.num_processes,
        device=accelerator.device,
        load=config.load,
        num_workers=config.num_workers,
    )


def _choose_folder(config: Namespace) -> RunFolder:
    """Where the run lives, the main process's choice; whether it is free is checked before anything takes long."""
    choice: list[str | None] = [config.resume, None]
    if PartialState().is_main_process and not config.resume:
        path = Path(config.out) if config.out else _free(config)
        try:
            RunFolder(path).must_be_free()
        except ValueError as error:  # told to all, so that nobody waits for a process that has given up
            choice = [None, str(error)]
        else:
            choice = [str(path), None]
    path, failure = broadcast_object_list(choice)
    if failure:
        raise ValueError(failure)
    return RunFolder(path)


def _create(folder: RunFolder, settings: str, parts: Parts, accelerator: Accelerator) -> None:
    failure = [None]
    if accelerator.is_main_process:
        try:
            folder.create()
        except ValueError as error:
            failure = [str(error)]
        else:
            write_text(folder.config, settings)
            folder.save_spec(parts.data.spec)
            if parts.data.skipped:
                write_text(folder.skipped, json.dumps(parts.data.skipped, indent=1))
    if broadcast_object_list(failure)[0]:
        raise ValueError(failure[0])


def _free(config: Namespace) -> Path:
    """``runs/NAME``, or the first of ``runs/NAME-2``, … that is free."""
    classes = (config[name].class_path.rpartition(".")[2] for name in ("data", "views", "method"))
    name = config.name or "-".join(classes)
    names = (name if i == 1 else f"{name}-{i}" for i in count(1))
    return next(RUNS / free for free in names if not (RUNS / free).exists())


def _settings(parser: Parser, config: Namespace, parts: Parts) -> str:
    """The configuration as YAML, with what the data measured and without where the run lives."""
    config = config.clone()
    for name, value in parts.data.resolved().items():
        config.data.init_args[name] = value
    for name in PLACE:
        config[name] = None
    return parser.dump(config, skip_unset=False)


def _resumed(parser: Parser, path: str, argv: list[str]) -> Namespace:
    """The configuration of a run to go on with, after checking that the command line doesn't change it."""
    folder = RunFolder(path)
    folder.must_be_run()
    stored = parser.parse_args(["--config", str(folder.config)])
    asked = parser.parse_args(["--config", str(folder.config), *argv])
    before, after = _flat(stored), _flat(asked)
    changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    if changed:
        rows = [f"  {key}: {before.get(key)} → {after.get(key)}" for key in changed]
        raise ValueError("\n".join([f"a resumed run keeps its configuration; {path} was started with others:", *rows]))
    asked.resume = path
    return asked


def _flat(config: Namespace) -> dict[str, object]:
    return {key: value for key, value in config.items() if key.split(".")[0] not in PLACE}
