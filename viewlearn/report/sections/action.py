"""Where the views act: maps and spectra of the change, and whether it lies on the overlay."""

from collections.abc import Mapping, Sequence

from viewlearn.evaluation.feature_dropping import Action
from viewlearn.plots.destruction import plot_profiles
from viewlearn.report.blocks import Block, Chart, Charts, Gap, Table, Tile, TileGrid
from viewlearn.report.media import map_uri, themed_svg
from viewlearn.report.page import color_of
from viewlearn.report.run_reader import MissingPart, RunReader


def action_blocks(runs: Sequence[RunReader], actions: Mapping[int, Action | None], id: str) -> list[Block]:
    """Maps, sizes and frequencies of the runs' changes, by the run's index."""
    rows, profiles, table = [], {}, []
    blocks: list[Block] = []
    for run in runs:
        action = actions[run.index]
        if action is None:
            blocks.append(
                Gap(f"{run.name}: its views have another shape than clean inputs, so no change can be mapped")
            )
            continue
        if action.mean > 0:
            rows.append((run.name, _tiles(run, action)))
            profiles[run.name] = action.profile
        known = ["—" if value is None else f"{value:+.2f}" for value in (action.overlay, action.overlay_null)]
        table.append((run.name, f"{action.mean:.4f}", *known))
    if rows:
        caption = "Where the views act: mean |view − clean|, and its 2-D cosine spectrum (zero frequency top left)"
        blocks.append(TileGrid(["", "mean change", "spectrum (log)"], rows, caption))
    if table:
        head = ("views of", "mean |change|", "correlation with the overlay", "with another sample's")
        blocks.append(Table(head, table, "Size of the change, and whether it lies on the overlay (—: not known)"))
    if profiles:
        figure = plot_profiles(profiles, {run.name: color_of(run.index) for run in runs})
        told = "parts of the change's energy over spatial frequency"
        blocks.append(Charts([Chart(themed_svg(figure, f"profile{id}"), "Frequencies of the change", told)]))
    return blocks


def _tiles(run: RunReader, action: Action) -> list[Tile]:
    largest = float(action.magnitude.max())
    magnitude = action.magnitude.flip(0) if _is_image(run) else action.magnitude  # maps have their first row below
    spectrum = (action.spectrum.flip(0) + 1e-12).log10()
    top = float(spectrum.max())
    return [
        Tile(map_uri(magnitude, 0, largest), f"mean change of each pixel by {run.name}", note=f"0 to {largest:.3g}"),
        Tile(map_uri(spectrum, top - 4, top), f"spectrum of the change by {run.name}", note="the top 4 decades"),
    ]


def _is_image(run: RunReader) -> bool:
    try:
        return run.spec.sample_rate is None
    except MissingPart:
        return True
