"""Makes tables of the results: ``python experiments/reproduce.py TABLE … [--scale cpu|gpu] [--seeds 3]``.

Tables are declared in experiments/configs/tables. Runs that are done are skipped and stopped ones go on, so that the
command may be given again at any time; ``--dry_run`` shows what it would run, how
long that takes, and which data are missing. Flags that it doesn't know are given to every run.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

# First on the path, a script's folder would hide the package theory behind the script of that name.
sys.path.sort(key=lambda entry: Path(entry or ".").resolve() == Path(__file__).resolve().parent)

from reproduction import (
    ROOT,
    Grid,
    ask_runs,
    execute,
    load_grid,
    measure_invariances,
    num_parallel_runs,
    outlook,
    results_table,
    table_names,
)

from viewlearn.bounds import Positive, SmallCount, SmallCountOrZero
from viewlearn.endings import LATER, plain_endings
from viewlearn.files import write_text
from viewlearn.runs import load_components, make_parser
from viewlearn.script_parser import ScriptParser, in_bounds
from viewlearn.threads import set_threads
from viewlearn.train import DEFAULTS


def main() -> None:
    arguments, extra = _parse()
    out = arguments.out.resolve()
    root = str(Path(arguments.root).resolve())
    jobs = arguments.jobs or num_parallel_runs(arguments.threads)
    until = arguments.stop_after and time.monotonic() + 60 * arguments.stop_after
    failed, left = [], []
    with plain_endings(ValueError, OSError):
        load_components()
        grids = [
            load_grid(name, arguments.scale, arguments.seeds, root, out, tuple(extra)) for name in arguments.tables
        ]
        if extra:
            _check(grids)
        if arguments.dry_run:
            print("\n".join(outlook(grids, root, jobs, arguments.threads)))
            return
        for grid in grids:
            if not (arguments.table_only or arguments.no_train):
                unfinished = execute(grid.cells, jobs, arguments.threads, until)
                failed += unfinished.failed
                left += unfinished.left
            if not (arguments.table_only or left):  # which takes time as well
                set_threads(arguments.threads)
                ask_runs(grid)
                measure_invariances(grid, arguments.threads)
            write_table(grid, out)
    from reproduction.tradeoffs import save_table_tradeoffs  # here, so that a help text doesn't wait for what draws

    figure = save_table_tradeoffs(grids, out / f"{'+'.join(arguments.tables)}-{arguments.scale}.png")
    if figure is not None:
        print(f"figure: {figure}")
    if failed:
        raise SystemExit("failed: " + ", ".join(f"{cell.folder}.log" for cell in failed))
    if left:
        print(f"{len(left)} runs are left; the same command goes on with them", file=sys.stderr)
        raise SystemExit(LATER)


def _parse() -> tuple[argparse.Namespace, list[str]]:
    """The flags of this script, and those that every run is given."""
    parser = ScriptParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("tables", nargs="+", choices=table_names(), metavar="TABLE", help=", ".join(table_names()))
    add("--scale", choices=["cpu", "gpu"], default="cpu", help="gpu is the published setting")
    add("--seeds", type=in_bounds(SmallCount), default=3, help="runs per row (default: 3)")
    add("--root", default="data", help="folder of the data sets (default: data)")
    add("--out", type=Path, default=Path("runs/tables"), help="folder of runs and tables (default: runs/tables)")
    jobs = "runs at a time; 0: as many as the machine can make"
    add("--jobs", type=in_bounds(SmallCountOrZero), default=0, help=jobs)
    add("--threads", type=in_bounds(SmallCount), default=1, help="CPU threads of each run (default: 1)")
    limit = "minutes after which runs save and stop, for the same command to go on with"
    add("--stop_after", type=in_bounds(Positive), help=limit)
    add("--dry_run", action="store_true", help="print the commands, how long they take, and which data are missing")
    add("--no_train", action="store_true", help="ask the runs that are done, and write the table")
    add("--table_only", action="store_true", help="write the table from what is done")
    arguments, extra = parser.parse_known_args()
    own = {flag.replace("-", "_") for action in parser._actions for flag in action.option_strings}
    mine = [token for token in extra if token.partition("=")[0].replace("-", "_") in own]
    if mine or (extra and not extra[0].startswith("--")):
        parser.refuse(mine or extra)
    return arguments, extra


def _check(grids: Sequence[Grid]) -> None:
    """Raises ValueError, before the first run, if a row has a flag that there isn't, or a value that can't be."""
    parser = make_parser(defaults=DEFAULTS)
    with chdir(ROOT):  # where runs are started, and configurations are named from
        for cell in {cell.row: cell for grid in grids for cell in grid.cells}.values():
            parser.parse(cell.flags)


def write_table(grid: Grid, out: Path) -> None:
    """Writes and prints the table of the runs that are done."""
    text = results_table(grid, shlex.join(["python", "experiments/reproduce.py", *sys.argv[1:]]))
    path = out / f"{grid.name}-{grid.scale}.md"
    write_text(path, text)
    print(f"\n{text}\ntable: {path}")


if __name__ == "__main__":
    main()
