"""What all audio data share: a log-mel front end with measured statistics, and a spec."""

from abc import abstractmethod
from functools import cached_property

from audio.front_end import CenterCrop, LogMel, log_mel_statistics, named_geometry
from viewlearn.data import Data, DataSpec
from viewlearn.views import Compose


class SoundData(Data):
    """Audio whose front end crops to a clip and makes a z-scored log-mel spectrogram of it.

    Mean and standard deviation are measured on the training split, when first needed and if not given;
    ``resolved()`` has them, so that a run can store what it was trained with.

    Args:
        geometry: name of a spectrogram geometry in ``audio.front_end.GEOMETRIES``.
        sample_rate: in Hz, to which all is resampled; the geometry's own by default.
        seconds: length of the clips that the encoder reads; the geometry's own by default.
        keep_seconds: length of the clips that are kept, from which a random crop takes its window; ``seconds`` by
            default. Longer sounds are cut to their middle, shorter ones padded with silence.
        mean: of the log-mel values in dB; measured by default.
        std: of the log-mel values in dB; measured by default.

    Raises:
        ValueError: an unknown geometry, a sample rate or length that isn't positive, keep_seconds below seconds, or
            seconds that don't fill half a window.
    """

    def __init__(
        self,
        geometry: str = "64x64_1s",
        sample_rate: int | None = None,
        seconds: float | None = None,
        keep_seconds: float | None = None,
        mean: float | None = None,
        std: float | None = None,
    ):
        named = named_geometry(geometry)
        self.geometry = geometry
        self.sample_rate = named.sample_rate if sample_rate is None else sample_rate
        if self.sample_rate < 1:
            raise ValueError(f"sample_rate is {sample_rate}; it must be a positive number of Hz")
        seconds = named.num_samples / named.sample_rate if seconds is None else seconds
        keep_seconds = seconds if keep_seconds is None else keep_seconds
        if not 0 < seconds <= keep_seconds:
            raise ValueError(f"seconds is {seconds}, keep_seconds {keep_seconds}; 0 < seconds <= keep_seconds")
        self.num_samples = round(seconds * self.sample_rate)
        self.keep_samples = round(keep_seconds * self.sample_rate)
        if self.num_samples <= named.n_fft // 2:
            raise ValueError(
                f"clips of {seconds} s are {self.num_samples} samples at {self.sample_rate} Hz; the geometry "
                f"{geometry} needs more than {named.n_fft // 2}, half a window"
            )
        self._given = mean, std

    @property
    @abstractmethod
    def tasks(self) -> dict[str, tuple[str, ...]]:
        """Class names per task, in label order."""

    @cached_property
    def log_mel(self) -> LogMel:
        """The spectrogram part of the front end, z-scored by the statistics of the training split."""
        mean, std = self._given
        if mean is None or std is None:
            crop, plain = self._to_clip(), named_geometry(self.geometry).log_mel(self.sample_rate)
            measured = log_mel_statistics(self.split("train"), plain, crop)
            mean, std = (m if given is None else given for m, given in zip(measured, self._given, strict=True))
        return named_geometry(self.geometry).log_mel(self.sample_rate, mean, std)

    @property
    def front_end(self) -> Compose:
        return Compose(clip=self._to_clip(), log_mel=self.log_mel)

    def _to_clip(self) -> CenterCrop:
        """From what is kept to the one waveform that the spectrogram is made of."""
        return CenterCrop(self.num_samples)

    @cached_property
    def spec(self) -> DataSpec:
        front = self.log_mel
        return DataSpec(
            shape=(1, front.n_mels, 1 + self.num_samples // front.hop_length),
            tasks=self.tasks,
            mean=(0.0,),
            std=(1.0,),
            num_train=len(self.split("train")),
            sample_rate=self.sample_rate,
            num_samples=self.num_samples,
        )

    def resolved(self) -> dict[str, float]:
        """Constructor arguments that were measured: given these, the same front end comes without measuring."""
        return {"mean": self.log_mel.mean, "std": self.log_mel.std}
