"""The one idea of the project: a view is a deterministic function of an input and of parameters drawn for it."""

from abc import ABC, abstractmethod
from typing import Literal

from torch import Generator, Tensor, nn

from viewlearn.views.params import Params, same_params


class View(nn.Module, ABC):
    """A deterministic, differentiable, batched function of an input and of parameters that were drawn for it.

        params = view.sample(x, generator)     # what is random: a nested dict of tensors, batch dimension first
        x2     = view.transform(x, params)     # what is done: no hidden state, no global random numbers
        x2     = view(x, generator)            # both

    A subclass writes ``sample`` and ``transform`` (and ``like``, if its output has another shape than its input).
    The split is a contract, which the rest of the project builds on:

    * ``sample`` reads the shape, dtype and device of x, never its values. Parameters are drawn per sample, with the
      functions of ``viewlearn.views.draw``; random numbers come from ``generator`` alone.
    * ``transform`` is a pure function of x, params and the module's weights; row i of its output depends on row i
      of x and of params only (what a view takes from other samples, it takes by an index that is a parameter).
    * x is in natural units: images ``(batch, channel, height, width)`` in [0, 1], waveforms
      ``(batch, channel, time)`` in [-1, 1], spectrograms ``(batch, channel, mel, frame)``, z-scored.

    A constructor argument that is named after a property of the data (``channels``, ``size``, …, see
    ``viewlearn.data.DataSpec.bindings``) and has the default None is filled in from the data when a run is built.

    Attributes:
        stage: where in a run's pipeline the view acts: ``natural`` before the data's front end (waveform views),
            ``encoder`` behind it, on what the encoder reads (image views, spectrogram views, Viewmaker).
    """

    stage: Literal["natural", "encoder"] = "encoder"

    @abstractmethod
    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        """Draws parameters for every sample of x. Without a generator, torch's default one for the device is used."""

    @abstractmethod
    def transform(self, x: Tensor, params: Params) -> Tensor:
        """The view of x under ``params``."""

    def like(self, x: Tensor) -> Tensor:
        """A tensor with the shape, dtype and device of ``transform(x, …)``; its values mean nothing.

        A view that changes the shape returns ``x.new_empty(1).expand(shape)``, which takes no memory.
        """
        return x

    def same(self, params: Params, others: Params) -> Tensor:
        """Whether two draws make the same view: ``(batch,)`` booleans, or one for all where nothing is drawn.

        Equal parameters make equal views, which is all there is to say of most. A view overrides this where unequal
        parameters may do so too. Continuous draws are never the same; discrete ones sometimes are by chance.
        """
        return same_params(params, others)

    def forward(self, x: Tensor, generator: Generator | None = None) -> Tensor:
        return self.transform(x, self.sample(x, generator))


class Identity(View):
    """The view that changes nothing."""

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return x
