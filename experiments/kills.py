"""Kills runs of every kind in random places, goes on with them, and compares: ``python experiments/kills.py``.

Each run is a process that the system ends after a random part of the processor time that an uninterrupted one takes,
without a word, as SIGKILL would; then the same is done to the run that goes on, and a third one ends it. All are forked
from one process that has imported what an uninterrupted run had imported at its end, and draw no figures, so that a
kill costs what the training costs and falls into it. Encoder, metrics, scores, checkpoints and the list of files must
be those of the uninterrupted run. The tests stop a run before each of its operations on files; this looks for what lies
between.
"""

import importlib
import json
import os
import random
import signal
import sys
import tempfile
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
    *("--steps", "24", "--checkpoint_every", "3", "--monitor_every", "4", "--log_every", "1", "--probes", "[knn]"),
    *("--device", "cpu", "--threads", "1", "--precision", "fp32", "--report", "false"),
]
LEARNED = ("--views", "viewlearn.Viewmaker", "--views.width", "2", "--views.num_res_blocks", "0")
DESIGNED = ("--views", "vision.SimCLRViews", "--views.blur", "false")
KINDS = {
    "SimCLR": (*LEARNED, "--method", "SimCLR", "--updates", "alternating"),
    "MoCo": (*LEARNED, "--method", "MoCo", "--method.queue", "64"),
    "InstDisc": (*LEARNED, "--method", "InstDisc", "--method.num_negatives", "32"),
    "LooC": (*DESIGNED, "--method", "LooC", "--method.factors", "flip", "--method.queue", "64"),
    "Supervised": (*LEARNED, "--method", "Supervised"),
    # A budget that follows the training, kept by a controller with a state of its own.
    "LearnedMask": ("--views", "LearnedMask", "--views.budget", "auto", "--difficulty.among", "16"),
}
STAGES = ("results.json", "encoder.safetensors", "checkpoints", "config.yaml")  # the last thing first
MODULES = "modules"  # file that lists what a run has imported
DIFFERENT = ("timings.jsonl", "manifest.json")  # what depends on the clock


def main() -> None:
    """Prints a line for each kind of run, and ends with 1 if any run ended otherwise than the uninterrupted one."""
    parser = ScriptParser(description="Kills runs of every kind in random places.")
    parser.add_argument("kinds", nargs="*", default=list(KINDS), help=f"which of: {', '.join(KINDS)}")
    parser.add_argument("--kills", type=in_bounds(SmallCount), default=20, help="runs of each kind that are killed")
    parser.add_argument("--seed", type=in_bounds(Seed), default=0, help="seed of the places")
    arguments = parser.parse_args()
    load_components()
    vars(sys.modules["viewlearn.runs.run"])["save_figures"] = lambda *_: []  # which would take most of the time
    wrong = 0
    for kind in arguments.kinds:
        with tempfile.TemporaryDirectory() as folder:
            wrong += _campaign(Path(folder), kind, arguments.kills, random.Random(arguments.seed))
    raise SystemExit(int(wrong > 0))


def _campaign(folder: Path, kind: str, num_kills: int, places: random.Random) -> int:
    """Returns how many runs of a kind ended otherwise."""
    _train(folder / "first", kind)
    for name in (folder / MODULES).read_text().split():
        importlib.import_module(name)
    seconds = _train(folder / "whole", kind)
    expected = _content(folder / "whole")
    kinds: dict[str, int] = {}
    wrong = 0
    for number in range(num_kills):
        path = folder / f"{number}"
        for _ in range(2):
            _train(path, kind, places.uniform(0, seconds))
            last = next((name for name in STAGES if (path / name).exists()), "nothing")
            kinds[last] = kinds.get(last, 0) + 1
        _train(path, kind)
        ended = _content(path)
        other = sorted(name for name in ended.keys() | expected.keys() if ended.get(name) != expected.get(name))
        wrong += bool(other)
        if other:
            print(f"{kind}, run {number}: {', '.join(other)}", flush=True)
    print(
        f"{kind:<12} {num_kills - wrong} of {num_kills} runs, each killed twice, ended as the uninterrupted one; "
        f"the last thing there: {kinds}",
        flush=True,
    )
    return wrong


def _train(path: Path, kind: str, seconds: float | None = None) -> float:
    """Trains in a process of its own, which ends after so many seconds of processor time; returns how many it took."""
    flags = ["--resume", str(path)] if path.exists() else ["--out", str(path), *COMMON, *KINDS[kind]]
    child = os.fork()
    if child == 0:
        if seconds is not None:
            signal.setitimer(signal.ITIMER_PROF, seconds)  # whose signal ends a process that has no handler for it
        _run_and_exit(flags, path.parent / "log")
    _, status, usage = os.wait4(child, 0)
    if status and not (seconds is not None and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF):
        raise SystemExit(f"{kind}: {(path.parent / 'log').read_text()[-2000:]}")
    return usage.ru_utime + usage.ru_stime


def _run_and_exit(flags: Sequence[str], log: Path) -> None:
    with log.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    status = 1
    try:
        run(make_parser(defaults=DEFAULTS), flags)
        modules = [name for name, module in sys.modules.items() if getattr(module, "__spec__", None)]
        (log.parent / MODULES).write_text(" ".join(name for name in modules if name != "__main__"))
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
