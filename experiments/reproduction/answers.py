"""What tables ask beyond a run's own results: what its features know, and what its views destroy."""

from dataclasses import replace

import torch

from reproduction.grid import Cell, Evaluation, Grid
from viewlearn.report.analysis import FILE, AnalysisSettings, analyze_runs
from viewlearn.report.run_reader import RunReader, SharedData
from viewlearn.runs import Evaluator, Questions, answer, saved_answers


def ask_runs(grid: Grid, device: str = "auto") -> None:
    """Asks every run that is done and wasn't asked before the grid's questions, and measures label destruction."""
    done = [cell for cell in grid.cells if cell.done]
    todo = [(cell, each) for cell in done for each in grid.evaluations if not _answered(grid, cell, each)]
    if todo:
        evaluator = Evaluator(device)
        for cell, evaluation in todo:
            answer(evaluator, cell.folder, questions_to(grid, cell, evaluation), evaluation.path(cell))
            print(f"evaluated: {cell.folder.name}, {evaluation.name}", flush=True)
    waiting = [cell for cell in done if not (cell.folder / FILE).is_file()]
    if grid.destruction and waiting:
        settings = AnalysisSettings(device="cuda" if torch.cuda.is_available() else "cpu")
        pool = SharedData()
        analyze_runs([RunReader(cell.folder, i, pool) for i, cell in enumerate(waiting)], settings)


def questions_to(grid: Grid, cell: Cell, evaluation: Evaluation) -> Questions:
    """Returns an evaluation's questions to one run; the first row's runs are asked for the random encoder, too."""
    return replace(evaluation.questions, random_encoder=grid.random_encoder and cell.row == grid.rows[0])


def _answered(grid: Grid, cell: Cell, evaluation: Evaluation) -> bool:
    """Whether there's nothing to ask a run: it isn't meant, or has answered these very questions."""
    if not evaluation.asks(cell):
        return True
    return saved_answers(questions_to(grid, cell, evaluation), evaluation.path(cell)) is not None
