"""Named geometries: their sizes, and the published formula."""

import pytest
import torch
import torchaudio.transforms as T

from audio.front_end import GEOMETRIES, named_geometry


def noise(*shape, seed=0):
    return 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_published_formula_is_the_published_geometry_up_to_its_unit():
    """20·log10(power), floored at power² = 1e-10, within 80 of its maximum, z-scored in that doubled unit."""
    x = noise(2, 1, 150526).double()
    front = named_geometry("published_64x64_10s").log_mel(mean=-22.924 / 2, std=12.587 / 2).double()
    mel = T.MelSpectrogram(16000, n_fft=2048, hop_length=2360, n_mels=64, norm="slaney", mel_scale="slaney").double()
    doubled = 10 * mel(x).square().clamp_min(1e-10).log10()
    doubled = doubled.maximum(doubled.amax(dim=(1, 2, 3), keepdim=True) - 80)
    torch.testing.assert_close(front(x), (doubled + 22.924) / 12.587)


@pytest.mark.parametrize("name", GEOMETRIES)
def test_geometries_have_the_sizes_they_are_named_after(name):
    geometry = GEOMETRIES[name]
    front = geometry.log_mel()
    shape = front(noise(1, 1, geometry.num_samples)).shape
    assert "x".join(map(str, shape[-2:])) == name.removeprefix("published_").split("_")[0]
    assert front.like(torch.empty(1, 1, geometry.num_samples)).shape == shape
    assert (front.filters.amax(0) > 0).all(), "no band is empty"
    assert (geometry.hop_length <= geometry.n_fft / 2) == (not name.startswith("published_64x64_10s")) or (
        name.startswith("published")
    )


def test_unknown_geometries_are_said():
    with pytest.raises(ValueError, match="no geometry '32x32'; there are: 32x32_1s_8khz, 64x64_1s"):
        named_geometry("32x32")
