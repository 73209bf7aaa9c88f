"""Judges kept on disk, so that all runs on the same data have the same ones and each is trained once."""

import hashlib
import json
import warnings
from dataclasses import asdict
from pathlib import Path

import torch
from filelock import FileLock

from viewlearn.data import ArrayDataset, Data
from viewlearn.evaluation.feature_dropping.judge import Judge, JudgeSettings, build_network, fit_judge
from viewlearn.evaluation.frozen import MixedPrecision
from viewlearn.evaluation.score import Score
from viewlearn.files import read_weights, write_weights

CACHE = Path("~/.cache/viewlearn/judges")
FORMAT = 1  # of the training: one more whenever judges come out differently


def kept_judge(
    data: Data,
    task: str,
    folder: Path | str,
    key: str,
    settings: JudgeSettings = JudgeSettings(),
    *,
    device: torch.device | str = "cpu",
    mixed_precision: MixedPrecision = "no",
) -> Judge:
    """Loads the judge of these data, task and settings from ``folder``, or trains it and puts it there.

    Processes that want the same judge at the same time wait for the one that trains it. The same judge serves every
    device and precision.

    Args:
        data: Data of the run.
        task: One of ``data.spec.tasks``.
        folder: Folder of the judges.
        key: What tells these data from others, such as their configuration; their classes, statistics and training
            labels are compared, too.
        settings: How the judge is trained.
        device: Device of training, and of the judge.
        mixed_precision: Precision of training.

    Raises:
        ValueError: As ``fit_judge`` does.
    """
    path = Path(folder).expanduser() / f"{_digest(data, task, key, settings)}.safetensors"
    judge = _load(path, data, task, settings, device)
    if judge is not None:
        return judge
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            judge = _load(path, data, task, settings, device)  # another process may have trained it meanwhile
            if judge is None:
                judge = fit_judge(data, task, settings, device=device, mixed_precision=mixed_precision)
                write_weights(path, judge.network, {"score": asdict(judge.score)})
    except OSError as error:
        warnings.warn(f"judges can't be kept in {path.parent}, so each report trains its own: {error}", stacklevel=2)
        judge = judge or fit_judge(data, task, settings, device=device, mixed_precision=mixed_precision)
    return judge


def _digest(data: Data, task: str, key: str, settings: JudgeSettings) -> str:
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
        "settings": asdict(settings),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:24]


def _load(path: Path, data: Data, task: str, settings: JudgeSettings, device: torch.device | str) -> Judge | None:
    """The judge in a file; None if there is none, or a damaged one, which is then trained again."""
    if not path.is_file():
        return None
    try:
        weights, about = read_weights(path)
        score = Score(**about["score"])
    except (ValueError, KeyError, TypeError):
        return None
    with torch.random.fork_rng(devices=[]):
        network = build_network(data, task, settings.name)
    network.load_state_dict(weights)
    return Judge(network.to(device), task, score).eval()
