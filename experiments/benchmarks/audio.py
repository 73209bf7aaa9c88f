"""Audio views, front end and cache beside torch-audiomentations and torchaudio, on clips of 16 kHz.

The waveform chain is gain, polarity (p 0.5), white noise, circular shift and low-pass, with parameters of each clip's
own, drawn in the timed call. torch-audiomentations draws per example too; its low-pass is a windowed sinc, ours and
torchaudio's a biquad. The front end is a log-mel spectrogram of 64 bands (window 1,024, hop 160) with one mask in
frequency and one in time.
"""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import soundfile
import torch
import torchaudio.functional as F
import torchaudio.transforms as T
from torch import Tensor

from audio.data import AudioFolder
from audio.data.files import read_audio
from audio.front_end import LogMel, center_crop
from audio.views import FrequencyMask, Gain, LowPass, PolarityInversion, TimeMask, TimeShift, WhiteNoise
from benchmarks.measure import Speed, Timing, compare
from viewlearn.data import Loader, make_loader
from viewlearn.views import Compose

RATE = 16000
BATCH = 64
CUTOFF, SNR, GAIN, SHIFT = (800.0, 3500.0), (5.0, 40.0), (-12.0, 6.0), 0.25


def rows(quick: bool) -> Iterator[Speed]:
    for seconds in (1, 10):
        yield from _waveform_chain(seconds, 3 if quick else 11)
        yield from _front_end(seconds, 3 if quick else 11)
    yield from _cache(num_files=40 if quick else 300)


def _row(what: str, ours: Timing, peer: Timing | None, target: str, note: str = "") -> Speed:
    if peer is None:
        return Speed("audio", what, str(ours), "not installed", None, target, note)
    return Speed("audio", what, str(ours), str(peer), peer.median / ours.median, target, note)


def _clips(seconds: int) -> Tensor:
    return 0.1 * torch.randn(BATCH, 1, seconds * RATE, generator=torch.Generator().manual_seed(0))


def _waveform_chain(seconds: int, repeats: int) -> Iterator[Speed]:
    x, generator = _clips(seconds), torch.Generator().manual_seed(0)
    chain = Compose(
        gain=Gain(GAIN),
        polarity=PolarityInversion(),
        noise=WhiteNoise(SNR),
        shift=TimeShift(SHIFT),
        low_pass=LowPass(CUTOFF, sample_rate=RATE),
    )
    calls = {"ours": lambda: chain(x, generator), "torchaudio": lambda: torch.stack([_one_clip(c) for c in x])}
    peer = _audiomentations(x)
    if peer is not None:
        calls["torch-audiomentations"] = peer
    with torch.no_grad():
        timings = compare(calls, repeats)
    for name, target in (("torch-audiomentations", "3×"), ("torchaudio", "")):
        what = f"waveform chain, {seconds} s, batch {BATCH}: {name}{' per clip' if name == 'torchaudio' else ''}"
        yield _row(what, timings["ours"], timings.get(name), target)


def _audiomentations(x: Tensor) -> Callable[[], Tensor] | None:
    try:
        import torch_audiomentations as ta
    except ImportError:
        return None
    same = {"p": 1.0, "sample_rate": RATE, "output_type": "tensor"}
    chain = [
        ta.Gain(*GAIN, **same),
        ta.PolarityInversion(**{**same, "p": 0.5}),
        ta.AddColoredNoise(*SNR, min_f_decay=0.0, max_f_decay=0.0, **same),
        ta.Shift(-SHIFT, SHIFT, **same),
        ta.LowPassFilter(*CUTOFF, **same),
    ]

    def run() -> Tensor:
        y = x
        for augmentation in chain:
            y = augmentation(y, RATE)
        return y

    return run


def _one_clip(clip: Tensor) -> Tensor:
    """The chain on a clip, by torchaudio's functions."""

    def uniform(low: float, high: float) -> float:
        return low + (high - low) * torch.rand(()).item()

    y = F.gain(clip, uniform(*GAIN))
    y = -y if uniform(0, 1) < 0.5 else y
    y = F.add_noise(y, torch.randn_like(y), torch.full(y.shape[:-1], uniform(*SNR)))
    y = y.roll(int(uniform(-SHIFT, SHIFT) * y.shape[-1]), -1)
    return F.lowpass_biquad(y, RATE, uniform(*CUTOFF))


def _front_end(seconds: int, repeats: int) -> Iterator[Speed]:
    x, generator = _clips(seconds), torch.Generator().manual_seed(0)
    chain = Compose(log_mel=LogMel(RATE, 1024, 160, 64), frequency=FrequencyMask(0.3), time=TimeMask(0.3))
    mel = T.MelSpectrogram(RATE, n_fft=1024, hop_length=160, n_mels=64, norm="slaney", mel_scale="slaney")
    to_db = T.AmplitudeToDB("power", 80.0)
    frames = 1 + seconds * RATE // 160
    masks = T.FrequencyMasking(19), T.TimeMasking(int(0.3 * frames))

    def per_clip() -> Tensor:
        return torch.stack([masks[1](masks[0](to_db(mel(clip)))) for clip in x])

    def batched() -> Tensor:
        y = to_db(mel(x))
        y = F.mask_along_axis_iid(y, 19, 0.0, 2)
        return F.mask_along_axis_iid(y, int(0.3 * frames), 0.0, 3)

    with torch.no_grad():
        timings = compare({"ours": lambda: chain(x, generator), "per clip": per_clip, "batched": batched}, repeats)
    for name, target in (("per clip", "2×"), ("batched", "≥ 0.91×")):
        what = f"log-mel + SpecAugment, {seconds} s, batch {BATCH}: torchaudio {name}"
        yield _row(what, timings["ours"], timings[name], target)


def _cache(num_files: int) -> Iterator[Speed]:
    """One epoch of clips that were decoded before, beside one that decodes and resamples them."""
    with tempfile.TemporaryDirectory() as folder:
        root, generator = Path(folder) / "sounds", torch.Generator().manual_seed(0)
        root.mkdir()
        for suffix, rate in (("flac", RATE), ("mp3", 44100)):
            for i in range(num_files):
                clip = 0.1 * torch.randn(2 * rate, generator=generator)
                soundfile.write(root / f"{i}.{suffix}", clip.numpy(), rate)
        for suffix, source in (("flac", "16 kHz FLAC"), ("mp3", "44.1 kHz MP3")):
            paths = sorted(root.glob(f"*.{suffix}"))
            for other in root.glob(f"*.{'mp3' if suffix == 'flac' else 'flac'}"):
                other.rename(other.with_suffix(".away"))
            data = AudioFolder(
                str(root), cache=folder, seconds=1.0, memory_gb=0.0, test_fraction=0.0, validation_fraction=0.0
            )
            loader = make_loader(data.split("train"), BATCH, load="workers", num_workers=0, drop_last=False)
            calls = {
                "ours": partial(_read_epoch, loader),
                "decoding": partial(_decode, paths),
            }
            timings = compare(calls, repeats=5)
            for away in root.glob("*.away"):
                away.rename(away.with_suffix(".mp3" if suffix == "flac" else ".flac"))
            what = f"epoch of {num_files} clips of 2 s, {source}: soundfile"
            yield _row(what, timings["ours"], timings["decoding"], "20×", "memory-mapped cache, no workers")


def _read_epoch(loader: Loader) -> int:
    return sum(len(batch) for batch in loader.epoch(0))


def _decode(paths: list[Path]) -> list[Tensor]:
    return [center_crop(read_audio(path, RATE), RATE) for path in paths]
