"""Kills runs of every method in random places, goes on with them, and compares: ``python experiments/kills.py``.

Each run is a process that is stopped by SIGKILL after a random part of the time that an uninterrupted one takes; then
the same is done to the run that goes on, and a third one ends it. Encoder, metrics, scores, checkpoints and the list of
files must be those of the uninterrupted run. The tests stop a run before each of its operations on files; this looks
for what lies between.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# First on the path, a script's folder would hide the package theory behind the script of that name.
sys.path.sort(key=lambda entry: Path(entry or ".").resolve() == Path(__file__).resolve().parent)

from viewlearn.bounds import Seed, SmallCount
from viewlearn.runs import load_components, make_parser, run
from viewlearn.script_parser import ScriptParser, in_bounds
from viewlearn.train import DEFAULTS

COMMON = [
    *("--data", "vision.PhotoDigits", "--data.num_train", "64", "--data.num_validation", "16", "--data.num_test", "32"),
    *("--data.size", "16", "--encoder", "viewlearn.Backbone", "--encoder.name", "resnet10w4", "--batch_size", "16"),
    *("--steps", "12", "--checkpoint_every", "3", "--monitor_every", "4", "--log_every", "1", "--probes", "[knn]"),
    *("--device", "cpu", "--threads", "1", "--precision", "fp32", "--report", "false"),
]
LEARNED = ("--views", "viewlearn.Viewmaker", "--views.width", "2", "--views.num_res_blocks", "0")
DESIGNED = ("--views", "vision.SimCLRViews", "--views.blur", "false")
METHODS = {
    "SimCLR": (*LEARNED, "--updates", "alternating"),
    "MoCo": (*LEARNED, "--method.queue", "64"),
    "InstDisc": (*LEARNED, "--method.num_negatives", "32"),
    "LooC": (*DESIGNED, "--method.factors", "flip", "--method.queue", "64"),
    "Supervised": LEARNED,
}
STAGES = ("results.json", "encoder.safetensors", "checkpoints", "config.yaml")  # the last thing first
DIFFERENT = ("timings.jsonl", "manifest.json", "curves.png")  # what depends on the clock


def main() -> None:
    """Prints a line for each method, and ends with 1 if any run ended otherwise than the uninterrupted one."""
    parser = ScriptParser(description="Kills runs of every method in random places.")
    parser.add_argument("methods", nargs="*", default=list(METHODS), help=f"which of: {', '.join(METHODS)}")
    parser.add_argument("--kills", type=in_bounds(SmallCount), default=20, help="runs of each method that are killed")
    parser.add_argument("--seed", type=in_bounds(Seed), default=0, help="seed of the places")
    arguments = parser.parse_args()
    load_components()
    wrong = 0
    for method in arguments.methods:
        with tempfile.TemporaryDirectory() as folder:
            wrong += _campaign(Path(folder), method, arguments.kills, random.Random(arguments.seed))
    raise SystemExit(int(wrong > 0))


def _campaign(folder: Path, method: str, num_kills: int, places: random.Random) -> int:
    """Returns how many runs of a method ended otherwise."""
    start = time.monotonic()
    _train(folder / "whole", method)
    seconds, expected = time.monotonic() - start, _content(folder / "whole")
    kinds: dict[str, int] = {}
    wrong = 0
    for number in range(num_kills):
        path = folder / f"{number}"
        for _ in range(2):
            _train(path, method, places.uniform(0, seconds))
            last = next((name for name in STAGES if (path / name).exists()), "nothing")
            kinds[last] = kinds.get(last, 0) + 1
        _train(path, method)
        ended = _content(path)
        other = sorted(name for name in ended.keys() | expected.keys() if ended.get(name) != expected.get(name))
        wrong += bool(other)
        if other:
            print(f"{method}, run {number}: {', '.join(other)}", flush=True)
    print(
        f"{method:<12} {num_kills - wrong} of {num_kills} runs, each killed twice, ended as the uninterrupted one; "
        f"the last thing there: {kinds}",
        flush=True,
    )
    return wrong


def _train(path: Path, method: str, seconds: float | None = None) -> None:
    """Trains in a process of its own, which has imported everything already; killed after so many seconds."""
    flags = (
        ["--resume", str(path)]
        if path.exists()
        else ["--out", str(path), "--method", method, *COMMON, *METHODS[method]]
    )
    child = os.fork()
    if child == 0:
        _run_and_exit(flags, path.parent / "log")
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if seconds is None and status:
        raise SystemExit(f"{method}: {(path.parent / 'log').read_text()[-2000:]}")


def _run_and_exit(flags: Sequence[str], log: Path) -> None:
    with log.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    status = 1
    try:
        run(make_parser(defaults=DEFAULTS), flags)
        status = 0
    except ValueError as error:
        print(error, flush=True)
    finally:
        os._exit(status)


def _content(path: Path) -> dict[str, object]:
    """What a run has left, by file: of results the scores, of what depends on the clock nothing."""
    content: dict[str, object] = {}
    for file in path.rglob("*"):
        if file.is_file():
            name = str(file.relative_to(path))
            content[name] = None if file.name in DIFFERENT else file.read_bytes()
            if file.name == "results.json":
                content[name] = json.loads(file.read_text())["rows"]
    return content


if __name__ == "__main__":
    main()
