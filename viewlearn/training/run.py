"""A run from its command line to its results."""

import inspect
import sys
from itertools import count
from pathlib import Path

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from jsonargparse import Namespace

from viewlearn.data import Loader, make_loader
from viewlearn.evaluation import KNNMonitor, Results, evaluate
from viewlearn.training.build import Parts, build, build_encoder
from viewlearn.training.cli import Parser
from viewlearn.training.figures import draw_figures
from viewlearn.training.files import write_atomic
from viewlearn.training.hardware import make_accelerator, set_threads
from viewlearn.training.loop import train
from viewlearn.training.provenance import provenance
from viewlearn.training.run_folder import RunFolder
from viewlearn.training.trackers import check_trackers

PLACE = ("config", "out", "name", "resume")  # where a run lives, not what it computes
RUNS = Path("runs")


def run(parser: Parser, argv: list[str] | None = None) -> tuple[RunFolder, Parts, Results | None]:
    """Parses the command line, trains, evaluates, and leaves a run folder.

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
    parts = build(parser, config)
    loader = _loader(config, parts, accelerator)
    folder = _folder(parser, config, parts, accelerator)
    if config.trackers:
        accelerator.project_configuration.logging_dir = str(folder.path)
        accelerator.init_trackers(folder.path.name)
    monitor = KNNMonitor(parts.data, device=accelerator.device, precision=accelerator.mixed_precision)
    keywords = [p.name for p in inspect.signature(train).parameters.values() if p.kind is p.KEYWORD_ONLY]
    settings = parser.instantiate(Namespace(**{name: config[name] for name in keywords}))
    train(parts.method, loader, accelerator, folder, parts.optimizer, parts.views_optimizer, monitor, **vars(settings))
    results = None
    if accelerator.is_main_process:
        results = evaluate_run(parser, config, folder, parts, accelerator)
        draw_figures(folder, parts.data, parts.method.views, accelerator.device, config.seed)
    accelerator.end_training()
    return folder, parts, results


def evaluate_run(
    parser: Parser, config: Namespace, folder: RunFolder, parts: Parts, accelerator: Accelerator
) -> Results:
    """Probes the trained encoder and one with fresh weights, and writes ``results.json``."""
    random = build_encoder(parser, config, parts.data.spec)
    results = evaluate(
        parts.encoder,
        parts.data,
        methods=config.probes,
        random_encoder=random,
        device=accelerator.device,
        precision=accelerator.mixed_precision,
        num_workers=0 if config.load == "device" else config.num_workers,
    )
    results.info.update(provenance(accelerator), seed=config.seed, steps=config.steps)
    folder.save_results(results.to_dict())
    return results


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


def _folder(parser: Parser, config: Namespace, parts: Parts, accelerator: Accelerator) -> RunFolder:
    """The run's folder, made by the main process; the others learn its name from it."""
    if config.resume:
        return RunFolder(config.resume)
    path = [str(config.out or _free(config, parts))]
    folder = RunFolder(broadcast_object_list(path)[0])
    failure = [None]
    if accelerator.is_main_process:
        try:
            folder.create()
        except ValueError as error:  # told to all, so that nobody waits for a process that has given up
            failure = [str(error)]
        else:
            write_atomic(folder.config, _settings(parser, config))
            folder.save_spec(parts.data.spec)
    if broadcast_object_list(failure)[0]:
        raise ValueError(failure[0])
    return folder


def _free(config: Namespace, parts: Parts) -> Path:
    """``runs/NAME``, or the first of ``runs/NAME-2``, … that is free."""
    name = config.name or "-".join(type(part).__name__ for part in (parts.data, parts.views, parts.method))
    names = (name if i == 1 else f"{name}-{i}" for i in count(1))
    return next(RUNS / free for free in names if not (RUNS / free).exists())


def _settings(parser: Parser, config: Namespace) -> str:
    """The configuration as YAML, without where it lives."""
    config = config.clone()
    for name in PLACE:
        config[name] = None
    return parser.dump(config, skip_none=False)


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
