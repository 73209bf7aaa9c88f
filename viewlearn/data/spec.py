"""The description of data that a run needs before it is built."""

from dataclasses import dataclass, field, fields
from math import isclose


@dataclass(frozen=True)
class DataSpec:
    """The data-dependent facts that encoders and views are bound to.

    Args:
        shape: Shape of one sample as the encoder reads it: images ``(channel, height, width)``, log-mel spectrograms
            ``(channel, mel, frame)``.
        tasks: Class names of each labeled task, in label order; empty for unlabeled data.
        mean: Mean of each channel, in the units of the encoder's input ([0, 1] for images); 0 if the front end has
            z-scored already.
        std: Standard deviation of each channel, in the same units; 1 if the front end has z-scored already.
        num_train: Number of samples that encoders are pre-trained on.
        sample_rate: Sample rate of audio in Hz.
        num_samples: Number of samples per clip of audio, before the front end.
        value_range: Lowest and highest value of the encoder's input, (0, 1) for images; None without such a range.
        code_bits: Number of the last channels that are a code, one value a plane, which no view touches.
    """

    shape: tuple[int, ...]
    tasks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    num_train: int = 0
    sample_rate: int | None = None
    num_samples: int | None = None
    value_range: tuple[float, float] | None = None
    code_bits: int = 0

    @property
    def own_channels(self) -> int:
        """Number of channels in front of a code: those that views act on and that can be looked at."""
        return self.shape[0] - self.code_bits

    def bindings(self, of_view: bool = False) -> dict[str, object]:
        """Returns constructor arguments, by name, that are filled in from the data if they are left at None.

        Args:
            of_view: Whether they are a view's, which acts on the channels in front of a code alone.
        """
        channels = self.own_channels if of_view else self.shape[0]
        return {
            "channels": channels,
            "input_shape": self.shape,
            "size": tuple(self.shape[1:]),
            "mean": (self.mean or (0.0,) * self.shape[0])[:channels],
            "std": (self.std or (1.0,) * self.shape[0])[:channels],
            "num_train": self.num_train,
            "sample_rate": self.sample_rate,
            "num_samples": self.num_samples,
            "value_range": self.value_range,
            "code_bits": self.code_bits,
            "tasks": self.tasks,
        }

    def change_from(self, before: "DataSpec") -> str | None:
        """Says what is other than it was: ``num_train is 89, not 90``; None where nothing is.

        Means and deviations are measured, so that another machine may find other last digits: a thousandth is allowed.
        """
        for name in (each.name for each in fields(self)):
            old, new = getattr(before, name), getattr(self, name)
            measured = name in ("mean", "std") and len(old) == len(new)
            same = all(map(_close, old, new)) if measured else old == new
            if not same:
                return f"{name} is {new}, not {old}"
        return None


def _close(a: float, b: float) -> bool:
    return isclose(a, b, rel_tol=1e-3, abs_tol=1e-6)
