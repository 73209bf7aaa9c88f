"""The one idea of this project: a view is a deterministic function of an input and of parameters drawn for it."""

from abc import ABC, abstractmethod
from typing import Literal

from torch import Generator, Tensor, nn

from viewlearn.bounds import Checked
from viewlearn.views.decision import Decisions
from viewlearn.views.description import flattened
from viewlearn.views.others import Chance, redrawn
from viewlearn.views.params import Params, same_params

Stage = Literal["natural", "encoder"]


class View(nn.Module, Checked, ABC):
    """A deterministic, differentiable, batched function of an input and of parameters that were drawn for it.

    ::

        params = view.sample(x, generator)     # what is random: a nested dict of tensors, batch dimension first
        x2     = view.transform(x, params)     # what is done: no hidden state, no global random numbers
        x2     = view(x, generator)            # both

    A subclass writes ``sample`` and ``transform`` (and ``like``, if its output differs from its input in shape). The
    split is a contract that the rest of the project builds on:

    * ``sample`` reads the shape, dtype and device of x, never its values. Parameters are drawn per sample, with the
      functions of ``viewlearn.views.draw``; random numbers come from ``generator`` alone.
    * ``transform`` is a pure function of x, params and the module's weights; row i of its output depends only on row
      i of x and of params (a view takes from another sample by an index that is a parameter).
    * x is in natural units: images ``(batch, channel, height, width)`` in [0, 1], waveforms
      ``(batch, channel, time)`` in [-1, 1], z-scored spectrograms ``(batch, channel, mel, frame)``.

    A constructor argument that is named after a property of the data (``channels``, ``size``, …, see
    ``viewlearn.data.DataSpec.bindings``) and has the default None is filled in from the data when a run is built.

    Attributes:
        stage: Place of the view in a run's pipeline: ``natural`` before the data's front end (waveform views),
            ``encoder`` behind it, on what the encoder reads (image views, spectrogram views, Viewmaker).
        continuous: Whether two draws never make the same view, as of numbers from an interval.
        rowwise: Whether each sample's view depends on that sample alone, and on no other of the batch; then a CPU takes
            large batches through a chain of views in parts that fit its cache.
    """

    stage: Stage = "encoder"
    continuous: bool = False
    rowwise: bool = False

    @abstractmethod
    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        """Draws parameters for every sample of x, from torch's default generator of the device if none is given."""

    @abstractmethod
    def transform(self, x: Tensor, params: Params) -> Tensor:
        """Returns the view of x under ``params``."""

    def transform_both(self, x: Tensor, params: Params, after: "View", theirs: Params) -> Tensor | None:
        """Returns ``after.transform(self.transform(x, params), theirs)``, to the same bits, in fewer passes over x.

        A chain asks for this where a view directly follows another and no gradient is recorded. None, the default, says
        that there is no shorter way.
        """
        return None

    def like(self, x: Tensor) -> Tensor:
        """Returns a tensor with the shape, dtype and device of ``transform(x, …)``, whose values nobody reads.

        A view that changes the shape returns ``x.new_empty(1).expand(shape)``, which takes no memory.
        """
        return x

    def resolve(self, x: Tensor, params: Params) -> Params:
        """Returns what the view does to x under ``params``, the batch first: a box, a mask, a displacement field.

        Where the parameters say it all, as in designed views, these are the parameters. A learned view draws noise and
        decides from it and x; see ``LearnedView`` for the names of what is decided.
        """
        return params

    def observe(self, x: Tensor, params: Params) -> tuple[Tensor, Decisions]:
        """Returns the view of x, and what the learned views in it decided, by their paths; computed once for both."""
        return self.transform(x, params), {}

    def describe(self, resolved: Params) -> Tensor:
        """Describes what the view did by a few numbers, for methods that predict them or are told.

        By default, these are all parameters, flattened in their order. A view overrides this to leave out what says
        nothing (noise, seeds), and by the convention of this project: 0 where the view leaves x as it is, and scaled by
        the range of its own draws, so that two draws differ by 1 at most. How many there are doesn't depend on x.

        Args:
            resolved: What ``resolve`` returned; of designed views, their parameters.

        Returns:
            ``(batch, num)`` float32; (1, 0) where nothing is drawn.
        """
        return flattened(resolved)

    def same(self, params: Params, others: Params) -> Tensor:
        """Returns whether two draws make the same view: ``(batch,)`` booleans, or one for all where nothing is drawn.

        By default, equal parameters do. A view overrides this if unequal parameters may make equal views as well.
        Continuous draws are never the same; discrete ones sometimes are by chance.
        """
        return same_params(params, others)

    def sample_other(self, x: Tensor, params: Params, generator: Generator | None = None) -> tuple[Params, Chance]:
        """Draws parameters that make another view than ``params``, distributed as repeated draws that end with one.

        Where nothing else can be drawn, they are the same. Draws of a view that isn't ``continuous`` are repeated,
        which makes an accelerator wait; one of few settings overrides this and draws from the others at once.

        Returns:
            The parameters, and the chance that a plain draw makes another view, of each sample ``(batch,)`` or of all;
            None where it isn't known.
        """
        if self.continuous:
            return self.sample(x, generator), 1.0
        if not params:
            return {}, 0.0
        return redrawn(lambda: self.sample(x, generator), lambda drawn: self.same(drawn, params)), None

    def forward(self, x: Tensor, generator: Generator | None = None) -> Tensor:
        return self.transform(x, self.sample(x, generator))


class Identity(View):
    """Changes nothing."""

    rowwise = True

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return x
