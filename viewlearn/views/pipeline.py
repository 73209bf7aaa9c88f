"""From stored samples to the encoder's input: decoding, random views and front end in one chain."""

from viewlearn.views.code import BesideCode, DecodeWithCode
from viewlearn.views.compose import Compose
from viewlearn.views.view import Identity, View


def pipeline(decode: View, front_end: View, views: View | None = None) -> Compose:
    """Chains decoding and front end of the data with the user's views, each at its stage.

    ::

        decode → views of stage "natural" (waveform views) → front end (log-mel) → views of stage "encoder"

    A ``Compose`` is taken apart, so that its entries keep their names; any other view is named after its class in
    lower case. Without views the result is the clean input.

    Where samples carry a code (``DecodeWithCode``), every view acts on the channels in front of it, under its own name.

    Args:
        decode: Turns stored samples into natural units, for example uint8 into floats in [0, 1].
        front_end: Turns natural units into what the encoder reads.
        views: Random views.

    Raises:
        ValueError: An entry called ``decode`` or ``front_end``.
    """
    entries = {} if views is None else {type(views).__name__.lower(): views}
    if isinstance(views, Compose):
        entries = dict(views.entries.items())
    taken = {"decode", "front_end"} & entries.keys()
    if taken:
        raise ValueError(f"views may not have an entry called {taken.pop()!r}: the pipeline's own has that name")
    if isinstance(decode, DecodeWithCode):
        entries = {name: BesideCode(view, decode.bits) for name, view in entries.items()}
    natural = {name: view for name, view in entries.items() if view.stage == "natural"}
    encoder = {name: view for name, view in entries.items() if view.stage == "encoder"}
    return Compose({"decode": decode, **natural, "front_end": front_end, **encoder})


def beside(views: Compose, others: View) -> Compose:
    """Chains other views with the decoding and the front end of a pipeline.

    Args:
        views: Pipeline, see ``pipeline``; one without decoding or front end has others without.
        others: Views in place of the pipeline's own.
    """
    decode, front_end = (views[name] if name in views.names else Identity() for name in ("decode", "front_end"))
    return pipeline(decode, front_end, others)
