"""What a run found, as one table for the terminal."""

from viewlearn.evaluation import Results
from viewlearn.evaluation.feature_dropping import FeatureDropping
from viewlearn.evaluation.results import percent
from viewlearn.report.analysis import FINAL
from viewlearn.tables import text_table

HEAD = ("task", "probe", "trained", "untrained", "supervised", "majority", "destroyed by views")


def summarize(results: Results, dropping: FeatureDropping | None) -> str:
    """Lays out each task's accuracy beside what it has to beat, what is possible, and what the views destroyed.

    Accuracies are in percent, with 95 % intervals of the test split's size. ``supervised`` is a small network trained
    on the task's labels, the judge of what views destroy; ``destroyed by views`` is the percentage of views in which it
    no longer finds a label that it finds in the original.

    Args:
        results: Results of the run.
        dropping: Analysis of the run's views; None leaves both columns empty.
    """
    rows = []
    for row in results.rows:
        judge = dropping.judges.get(row.task) if dropping else None
        effect = dropping.views[FINAL].tasks.get(row.task) if dropping else None
        destroyed = "—" if effect is None else f"{100 * effect.destruction.rate:.1f}"
        name = f"{row.probe}, {row.layer}" if row.layer else row.probe
        cells = (percent(row.trained), percent(row.random), percent(judge), f"{100 * row.majority:.1f}", destroyed)
        rows.append((row.task, name, *cells))
    return text_table(HEAD, rows, left=2) if rows else str(results)
