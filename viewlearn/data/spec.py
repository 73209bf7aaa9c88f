"""What a run needs to know about its data before it is built."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class DataSpec:
    """The data-dependent facts that encoders and views are bound to.

    Args:
        shape: of one sample as the encoder reads it: images ``(channel, height, width)``, log-mel spectrograms
            ``(channel, mel, frame)``.
        tasks: the class names of each labeled task, in label order; empty for unlabeled data.
        mean, std: per channel, in the units of the encoder's input ([0, 1] for images); 0 and 1 where the front
            end has z-scored already.
        num_train: samples that encoders are pre-trained on.
        sample_rate: in Hz, for audio.
        value_range: what the encoder's input can't leave, (0, 1) for images; None where there is no such range.
        num_samples: samples per clip of audio, before the front end.
    """

    shape: tuple[int, ...]
    tasks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    num_train: int = 0
    sample_rate: int | None = None
    num_samples: int | None = None
    value_range: tuple[float, float] | None = None

    def bindings(self) -> dict[str, object]:
        """Constructor arguments, by name, that are filled in from the data where they are left at None."""
        return {
            "channels": self.shape[0],
            "size": tuple(self.shape[1:]),
            "mean": self.mean or (0.0,) * self.shape[0],
            "std": self.std or (1.0,) * self.shape[0],
            "num_train": self.num_train,
            "sample_rate": self.sample_rate,
            "num_samples": self.num_samples,
            "value_range": self.value_range,
            "tasks": self.tasks,
        }
