"""Named geometries of log-mel spectrograms: everyday ones, and those of the published experiments."""

from dataclasses import dataclass

from audio.front_end.log_mel import LogMel


@dataclass(frozen=True)
class Geometry:
    """The sizes of a log-mel front end, and the clips that it was made for.

    Args:
        n_fft: Samples in a window.
        hop_length: Samples between frames.
        n_mels: Number of mel bands.
        num_samples: Samples in the clips that it was made for; other lengths give other numbers of frames.
        sample_rate: Sample rate in Hz that it was made for.
        f_min: Lower edge of the lowest band in Hz.
        floor_db: Lowest level in dB re full scale.
        top_db: Dynamic range in dB.
    """

    n_fft: int
    hop_length: int
    n_mels: int
    num_samples: int
    sample_rate: int
    f_min: float = 0.0
    floor_db: float = -100.0
    top_db: float = 80.0

    def log_mel(self, sample_rate: int | None = None, mean: float = 0.0, std: float = 1.0) -> LogMel:
        """Builds the front end of this geometry.

        Args:
            sample_rate: Sample rate in Hz; the geometry's own by default. Window and hop keep their samples.
            mean: Mean in dB for the z-scoring.
            std: Standard deviation in dB for the z-scoring.
        """
        return LogMel(
            sample_rate=self.sample_rate if sample_rate is None else sample_rate,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            n_mels=self.n_mels,
            f_min=self.f_min,
            floor_db=self.floor_db,
            top_db=self.top_db,
            mean=mean,
            std=std,
        )


# The published code computes 20·log10(power) over a range of 80, floored at a squared power of 1e-10: in true dB that
# is a floor of −50 and a range of 40, and since both are z-scored, the spectrograms are the same.
_PUBLISHED = {"n_fft": 2048, "floor_db": -50.0, "top_db": 40.0}

GEOMETRIES = {
    # Windows of 64 or 32 ms that overlap by half or more: no sample is skipped.
    "32x32_1s_8khz": Geometry(n_fft=512, hop_length=252, n_mels=32, num_samples=8000, sample_rate=8000, f_min=40.0),
    "64x64_1s": Geometry(n_fft=1024, hop_length=252, n_mels=64, num_samples=16000, sample_rate=16000, f_min=40.0),
    "64x64_1s_8khz": Geometry(n_fft=512, hop_length=126, n_mels=64, num_samples=8000, sample_rate=8000, f_min=40.0),
    "64x201_2s": Geometry(n_fft=1024, hop_length=160, n_mels=64, num_samples=32000, sample_rate=16000, f_min=40.0),
    "80x1001_10s": Geometry(n_fft=512, hop_length=160, n_mels=80, num_samples=160000, sample_rate=16000, f_min=20.0),
    # As published: clips of 9.41 s, and of 1.04 s at 48 kHz for superimposed sounds. The hop of 2,360 exceeds the
    # window of 2,048, so that 13 % of the samples are never seen.
    "published_64x64_10s": Geometry(hop_length=2360, n_mels=64, num_samples=150526, sample_rate=16000, **_PUBLISHED),
    "published_112x112_10s": Geometry(hop_length=1344, n_mels=112, num_samples=150526, sample_rate=16000, **_PUBLISHED),
    "published_64x64_1s": Geometry(hop_length=788, n_mels=64, num_samples=50000, sample_rate=48000, **_PUBLISHED),
}


def named_geometry(name: str) -> Geometry:
    """Looks up a geometry in ``GEOMETRIES``.

    Raises:
        ValueError: An unknown name; the message lists the known ones.
    """
    if name not in GEOMETRIES:
        raise ValueError(f"no geometry {name!r}; there are: {', '.join(GEOMETRIES)}")
    return GEOMETRIES[name]
