"""Speed and memory beside peers: ``python experiments/benchmark.py [PART …] [--quick] [--threads N]``.

Everything is measured in this one run, interleaved, as medians with quartiles; a ratio above 1 means that viewlearn is
faster (or smaller). Peers come with ``pip install -e ".[bench]"``; one that is missing is named.
"""

import importlib
import pkgutil
import platform
import sys
from pathlib import Path

# First on the path, a script's folder would hide the package theory behind the script of that name.
sys.path.sort(key=lambda entry: Path(entry or ".").resolve() == Path(__file__).resolve().parent)

import benchmarks
import torch
from benchmarks.measure import fastest_device

from viewlearn.bounds import SmallCount
from viewlearn.script_parser import ScriptParser, in_bounds
from viewlearn.threads import set_threads


def main() -> None:
    parts = [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name not in ("measure", "pretended")]
    parser = ScriptParser(description="Measures speed and memory beside peers.")
    parser.add_argument(
        "parts", nargs="*", default=parts, metavar="PART", help=f"which of: {', '.join(parts)} (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer repeats and smaller sizes, to see that it runs")
    parser.add_argument(
        "--threads",
        type=in_bounds(SmallCount),
        default=1,
        help="CPU threads of torch; 1 gives the steadiest ratios",
    )
    arguments = parser.parse_args()
    for part in arguments.parts:
        if part not in parts:
            parser.error(f"no part {part!r}; there are: {', '.join(parts)}")
    set_threads(arguments.threads)
    print(f"torch {torch.__version__}, {arguments.threads} thread(s), {platform.machine()}, {_device()}")
    print(f"{'part':<12} {'what':<52} {'ours':<24} {'peer':<34} {'ratio':>6}  {'target':<8} note")
    for part in arguments.parts:
        for row in importlib.import_module(f"benchmarks.{part}").rows(arguments.quick):
            ratio = "—" if row.ratio is None else f"{row.ratio:.2f}"
            print(
                f"{row.part:<12} {row.what:<52} {row.ours:<24} {row.peer:<34} {ratio:>6}  {row.target:<8} {row.note}",
                flush=True,
            )


def _device() -> str:
    if fastest_device().type == "cpu":
        return "no accelerator"
    return torch.cuda.get_device_name() if torch.cuda.is_available() else fastest_device().type


if __name__ == "__main__":
    main()
