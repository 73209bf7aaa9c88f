"""Makes tables of the results: ``python experiments/reproduce.py TABLE … [--scale cpu|gpu] [--seeds 3]``.

Tables are declared in experiments/configs/tables. Runs that are done are skipped and stopped ones go on, so that the
command may be given again at any time; ``--dry-run`` shows what it would run.
"""

import argparse
import shlex
import sys
from pathlib import Path

# First on the path, a script's folder would hide the package theory behind the script of that name.
sys.path.sort(key=lambda entry: Path(entry or ".").resolve() == Path(__file__).resolve().parent)

from reproduction import (
    Grid,
    ask_runs,
    execute,
    load_grid,
    measure_invariances,
    num_parallel_runs,
    results_table,
    save_table_tradeoffs,
    table_names,
)
from reproduction.execute import command

from viewlearn.bounds import SmallCount, SmallCountOrZero
from viewlearn.files import write_text
from viewlearn.runs.components import load_components
from viewlearn.script_parser import ScriptParser, in_bounds
from viewlearn.training.hardware import set_threads


def main() -> None:
    parser = ScriptParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", choices=table_names(), metavar="TABLE", help=", ".join(table_names()))
    parser.add_argument("--scale", choices=["cpu", "gpu"], default="cpu", help="gpu is the published setting")
    parser.add_argument("--seeds", type=in_bounds(SmallCount), default=3, help="runs per row (default: 3)")
    parser.add_argument("--data", default="data", help="folder of the data sets (default: data)")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/tables"), help="folder of runs and tables (default: runs/tables)"
    )
    parser.add_argument(
        "--jobs",
        type=in_bounds(SmallCountOrZero),
        default=0,
        help="runs at a time; 0: as many as the machine can make",
    )
    parser.add_argument("--threads", type=in_bounds(SmallCount), default=1, help="CPU threads of each run (default: 1)")
    parser.add_argument("--dry-run", action="store_true", help="print the commands")
    parser.add_argument("--no-train", action="store_true", help="ask the runs that are done, and write the table")
    parser.add_argument("--table-only", action="store_true", help="write the table from what is done")
    arguments, extra = parser.parse_known_args()
    out = arguments.out.resolve()
    data = str(Path(arguments.data).resolve())
    failed = []
    try:
        load_components()
        grids = [
            load_grid(name, arguments.scale, arguments.seeds, data, out, tuple(extra)) for name in arguments.tables
        ]
        if arguments.dry_run:
            for cell in (cell for grid in grids for cell in grid.cells):
                print("# done" if cell.done else shlex.join(command(cell, arguments.threads)))
            return
        for grid in grids:
            if not (arguments.table_only or arguments.no_train):
                failed += execute(grid.cells, arguments.jobs or num_parallel_runs(arguments.threads), arguments.threads)
            if not arguments.table_only:
                set_threads(arguments.threads)
                ask_runs(grid)
                measure_invariances(grid, arguments.threads)
            write_table(grid, out)
    except ValueError as error:
        raise SystemExit(f"error: {error}") from error
    figure = save_table_tradeoffs(grids, out / f"{'+'.join(arguments.tables)}-{arguments.scale}.png")
    if figure is not None:
        print(f"figure: {figure}")
    if failed:
        raise SystemExit("failed: " + ", ".join(f"{cell.folder}.log" for cell in failed))


def write_table(grid: Grid, out: Path) -> None:
    """Writes and prints the table of the runs that are done."""
    text = results_table(grid, shlex.join(["python", "experiments/reproduce.py", *sys.argv[1:]]))
    path = out / f"{grid.name}-{grid.scale}.md"
    write_text(path, text)
    print(f"\n{text}\ntable: {path}")


if __name__ == "__main__":
    main()
