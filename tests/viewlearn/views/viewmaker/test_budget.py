import pytest
import torch

from viewlearn.views import distortion, project_l1


def test_equals_a_loop_over_samples(generator):
    y = torch.randn(4, 3, 6, 5, generator=generator)
    for sample, delta in zip(y, project_l1(y, 0.07), strict=True):
        mean = sum(abs(float(torch.tanh(value))) for value in sample.flatten()) / sample.numel()
        torch.testing.assert_close(delta, 0.07 * torch.tanh(sample) / (mean + 1e-4))


@pytest.mark.parametrize("budget", [0.01, 0.5, 3.0])
@pytest.mark.parametrize("shape", [(3, 1, 1, 50), (3, 2, 8, 8), (3, 200)])
def test_every_sample_is_at_the_budget(budget, shape, generator):
    y = torch.randn(shape, generator=generator) * torch.tensor([0.5, 5.0, 500.0]).view(-1, *[1] * (len(shape) - 1))
    means = project_l1(y, budget).abs().flatten(1).mean(1)
    torch.testing.assert_close(means, torch.full((3,), budget), rtol=1e-3, atol=0)


def test_peaks_grow_as_fewer_pixels_are_used():
    """A fraction f of saturated pixels: |δ| = budget / f there, and the mean is kept."""
    y = torch.zeros(1, 1, 10, 10)
    y[..., :5, 0] = 100.0
    assert project_l1(y, 0.05).amax().item() == pytest.approx(0.05 / 0.05, rel=3e-3)


def test_silence_stays_silent_and_differentiable():
    y = torch.zeros(2, 1, 4, 4, requires_grad=True)
    delta = project_l1(y, 0.05)
    delta.sum().backward()
    assert torch.equal(delta, torch.zeros_like(delta))
    assert y.grad.isfinite().all()


def test_gradient_flows_through_the_normalizer(generator):
    y = torch.randn(2, 1, 3, 4, generator=generator, dtype=torch.float32)
    weight = torch.randn(2, 1, 3, 4, generator=generator)
    y.requires_grad_()
    (weight * project_l1(y, 0.1)).sum().backward()
    t = y.detach().tanh()
    mean = t.abs().mean((1, 2, 3), keepdim=True) + 1e-4
    by_t = 0.1 * (weight / mean - (weight * t).sum((1, 2, 3), keepdim=True) / mean**2 * t.sign() / 12)
    torch.testing.assert_close(y.grad, by_t * (1 - t**2))


def test_a_low_precision_network_gets_a_float32_projection():
    assert project_l1(torch.ones(1, 4, dtype=torch.bfloat16), 0.1).dtype == torch.float32


def test_distortion_is_the_mean_and_the_largest_difference():
    x = torch.zeros(2, 1, 1, 2, requires_grad=True)
    view = torch.tensor([0.1, -0.3, 0.0, 0.2]).view(2, 1, 1, 2)
    found = distortion(x, view)
    assert found["mean"].item() == pytest.approx(0.15)
    assert found["max"].item() == pytest.approx(0.3)
    assert not found["mean"].requires_grad
