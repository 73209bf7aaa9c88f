"""Designed sets of audio views, by name."""

from audio.views import (
    FrequencyMask,
    Gain,
    LogMixup,
    LowPass,
    PolarityInversion,
    RandomCrop,
    RandomSegment,
    SpectrogramCrop,
    SpectrogramNoise,
    TimeMask,
    TimeShift,
    WhiteNoise,
)
from viewlearn.bounds import Count, DecibelRange, Fraction, FractionBelowOne, NonNegative, PositiveDecibels, SampleRate
from viewlearn.views import Compose, RandomApply


class WaveformViews(Compose):
    """Designed waveform views: entries ``crop``, ``gain``, ``polarity``, ``shift``, ``low_pass`` (p 0.3) and ``noise``.

    They act before the front end. The crop matters where the data keep longer clips than the encoder reads.

    Args:
        num_samples: Length of the crop in samples; bound from the data.
        sample_rate: Sample rate in Hz; bound from the data.
        snr_db: Lowest and highest signal-to-noise ratio of the white noise in dB.

    Raises:
        ValueError: A length or sample rate that is missing.
    """

    def __init__(
        self,
        num_samples: Count | None = None,
        sample_rate: SampleRate | None = None,
        snr_db: DecibelRange = (5.0, 40.0),
    ):
        crop = RandomCrop(num_samples)
        top = 3500.0 if sample_rate is None else min(3500.0, 0.45 * sample_rate)
        super().__init__(
            {
                "crop": crop,
                "gain": Gain(),
                "polarity": PolarityInversion(),
                "shift": TimeShift(),
                "low_pass": RandomApply(LowPass((800.0, top), sample_rate=sample_rate), 0.3),
                "noise": WhiteNoise(snr_db),
            }
        )


class PublishedWaveformViews(Compose):
    """The published "time" views: entries ``segment`` (8 to 100 % kept, the rest silenced) and ``noise``.

    Tamkin et al., Viewmaker Networks, 2021, released code. There they come in a random order, which differs only in
    that noise can be silenced too; its noise has a fixed standard deviation near 1/√n for n samples (0.0025 at 10 s),
    given here as a ratio to speech at a usual level.
    """

    def __init__(self):
        super().__init__({"segment": RandomSegment((0.08, 1.0)), "noise": WhiteNoise((20.0, 35.0))})


class SpectralViews(Compose):
    """The published "spectral" views: entries ``frequency``, ``time`` (one mask each) and ``noise``, after z-scoring.

    Masks are 0 to 39 of 64 bands or frames wide and as silent as the sample's quietest point, noise has 0.25 standard
    deviations: Tamkin et al., Viewmaker Networks, 2021, released code. SpecAugment masks speech to its mean instead,
    and less of it.

    Args:
        max_fraction: Largest width of a mask as a fraction of the bands or frames, in [0, 1].
        noise_std: Standard deviation of the noise, in standard deviations of the data set's log-mel values.

    Raises:
        ValueError: A fraction outside [0, 1], or negative noise.
    """

    def __init__(self, max_fraction: Fraction = 39 / 64, noise_std: NonNegative = 0.25):
        super().__init__(
            {
                "frequency": FrequencyMask(max_fraction, fill="silence"),
                "time": TimeMask(max_fraction, fill="silence"),
                "noise": SpectrogramNoise((noise_std, noise_std)),
            }
        )


class BYOLAViews(Compose):
    """BYOL-A's views: entries ``mixup`` and ``crop`` (Niizumi et al., BYOL for Audio, 2021, section III).

    Args:
        mixup_ratio: Largest part of the other sound, in [0, 1); 0.4 in the paper.
        unit_db: One unit of the spectrogram in dB: the standard deviation that it was z-scored with.

    Raises:
        ValueError: A ratio outside [0, 1), or a unit that isn't positive.
    """

    def __init__(self, mixup_ratio: FractionBelowOne = 0.4, unit_db: PositiveDecibels = 12.0):
        super().__init__({"mixup": LogMixup((0.0, mixup_ratio), unit_db), "crop": SpectrogramCrop()})
