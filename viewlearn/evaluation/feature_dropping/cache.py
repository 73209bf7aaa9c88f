"""Judges kept on disk: all runs on the same data are judged by the same ones, and these are trained once."""

import hashlib
import inspect
import json
import warnings
from dataclasses import asdict
from pathlib import Path

import torch
from filelock import FileLock
from safetensors import SafetensorError, safe_open

from viewlearn.data import ArrayDataset, Data
from viewlearn.evaluation.feature_dropping.judge import Reference, build_network, fit_reference
from viewlearn.evaluation.probes.score import Score
from viewlearn.files import write_weights

CACHE = Path("~/.cache/viewlearn/judges")
FORMAT = 1  # of the training: one more whenever judges come out otherwise
ELSEWHERE = ("data", "task", "device", "precision")  # arguments that say where a judge is trained, or stand apart


def kept_reference(data: Data, task: str, folder: Path | str, key: str, **settings) -> Reference:
    """The judge in ``folder`` for these data, task and settings; where there is none, it is trained and put there.

    Processes that want the same judge at the same time wait for the one that trains it. Device and precision make no
    other judge.

    Args:
        data: of the run.
        task: of ``data.spec.tasks``.
        folder: of the judges.
        key: what tells these data from others, such as their configuration; their classes, statistics and training
            labels are looked at besides.
        settings: of ``fit_reference``.

    Raises:
        ValueError: as ``fit_reference``.
    """
    path = Path(folder).expanduser() / f"{_digest(data, task, key, settings)}.safetensors"
    found = _load(path, data, task, settings)
    if found is not None:
        return found
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            found = _load(path, data, task, settings)  # maybe another process has made it meanwhile
            if found is None:
                found = fit_reference(data, task, **settings)
                _save(found, path)
    except OSError as error:
        warnings.warn(f"judges can't be kept in {path.parent}, so each report trains its own: {error}", stacklevel=2)
        found = found or fit_reference(data, task, **settings)
    return found


def _digest(data: Data, task: str, key: str, settings: dict) -> str:
    defaults = {name: p.default for name, p in inspect.signature(fit_reference).parameters.items()}
    used = {name: value for name, value in {**defaults, **settings}.items() if name not in ELSEWHERE}
    train = data.split("train")
    labels = train.labels.get(task) if isinstance(train, ArrayDataset) else None
    spec = data.spec
    content = {
        "format": FORMAT,
        "key": key,
        "task": task,
        "classes": spec.tasks.get(task),
        "shape": spec.shape,
        "mean": [f"{value:.4f}" for value in spec.mean],
        "std": [f"{value:.4f}" for value in spec.std],
        "labels": None if labels is None else hashlib.sha256(labels.cpu().numpy().tobytes()).hexdigest(),
        "settings": used,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:24]


def _save(reference: Reference, path: Path) -> None:
    write_weights(path, reference.network, metadata={"score": json.dumps(asdict(reference.score))})


def _load(path: Path, data: Data, task: str, settings: dict) -> Reference | None:
    """The judge in a file; None where there is none, or a damaged one, which is then made anew."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
            score = Score(**json.loads(file.metadata()["score"]))
    except (SafetensorError, OSError):
        return None
    default = inspect.signature(fit_reference).parameters["name"].default
    with torch.random.fork_rng(devices=[]):
        network = build_network(data, task, settings.get("name", default))
    network.load_state_dict(weights)
    return Reference(network.to(settings.get("device", "cpu")), task, score).eval()
