"""Draws on several processes: a function of the generator's state and the batch's size, not of who holds which data."""

import torch

from audio import (
    FrequencyMask,
    Gain,
    LogMel,
    PolarityInversion,
    RandomCrop,
    Reverberation,
    SpectrogramCrop,
    SpectrogramNoise,
    TimeMask,
    TimeShift,
    TimeStretch,
    WaveformViewmaker,
    WhiteNoise,
)
from viewlearn.data import ArrayDataset, make_loader
from viewlearn.training.seeds import seed_for
from viewlearn.views import Compose, pipeline, select
from viewlearn.views.decode import ToFloat

RATE, BATCH, KEPT = 8000, 8, 3000
STATE = 5  # of the generator that all processes are given


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def make_views():
    torch.manual_seed(0)  # the Viewmaker's weights, the same everywhere
    waveform = {
        "crop": RandomCrop(2400),
        "gain": Gain(),
        "polarity": PolarityInversion(),
        "shift": TimeShift(),
        "stretch": TimeStretch(n_fft=256),
        "room": Reverberation(sample_rate=RATE),
        "viewmaker": WaveformViewmaker(width=4, num_res_blocks=1),
        "noise": WhiteNoise(),
    }
    spectrogram = {
        "frequency": FrequencyMask(),
        "time": TimeMask(),
        "crop": SpectrogramCrop(),
        "noise": SpectrogramNoise(),
    }
    views = Compose({**waveform, **{f"{name}_behind": view for name, view in spectrogram.items()}})
    return pipeline(ToFloat(), LogMel(RATE, 256, 128, 16), views)


def leaves(params):
    for value in params.values():
        yield from leaves(value) if isinstance(value, dict) else [value]


def flat(params):
    return torch.cat([value.double().flatten() for value in leaves(params)])


def on_shard(rank, size):
    """What a process sees and makes of its part of the first batch, the whole of which has BATCH samples."""
    stored = (3000 * torch.randn(4 * BATCH, 1, KEPT, generator=seeded(1))).to(torch.int16)
    loader = make_loader(ArrayDataset(stored, {}), BATCH // size, seed=0, rank=rank, world_size=size, load="device")
    x, views = next(iter(loader.epoch(0))).x, make_views()
    mine = slice(rank * len(x), (rank + 1) * len(x))
    with torch.no_grad():
        whole = views.sample(x.new_empty(1).expand(BATCH, 1, KEPT), seeded(STATE))
        own = seed_for(0, rank, "views")
        return {
            "x": x,
            "whole": flat(whole),
            "views": views.transform(x, select(whole, mine)),
            "half": flat(views.sample(x[: BATCH // 2], seeded(STATE))),
            "run": flat(views.sample(x[: BATCH // 2], seeded(own))),
        }


def test_same_state_same_draws_on_any_data_and_views_of_shards_are_those_of_the_whole(in_processes):
    one, two = on_shard(0, 1), in_processes(on_shard, 2)
    assert torch.equal(torch.cat([result["x"] for result in two]), one["x"])
    assert (two[0]["x"] != two[1]["x"]).any()
    for result in two:
        assert torch.equal(result["whole"], one["whole"])
        assert torch.equal(result["half"], one["half"])
    torch.testing.assert_close(torch.cat([result["views"] for result in two]), one["views"], rtol=1e-4, atol=1e-4)
    # A run gives every process a state of its own: the first draws what one process would, the second otherwise.
    assert torch.equal(two[0]["run"], one["run"])
    assert (two[1]["run"] != one["run"]).float().mean() > 0.5
