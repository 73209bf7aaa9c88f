"""BYOL: its equation, what has no gradient, and a copy that follows."""

import pytest
import torch
from torch.nn import functional as F

from viewlearn.methods import BYOL


def test_loss_is_its_equation(toys, generator):
    method = BYOL(toys.Linear(), toys.views, dim=4).double()
    with torch.no_grad():
        for weight in method.key_encoder.parameters():
            weight.add_(0.1)  # the copy is another network
    x = toys.batch().x.double()
    batch = type(toys.batch())(x, {}, toys.batch().index)
    loss, metrics = method(batch, torch.Generator().manual_seed(2))
    replay = torch.Generator().manual_seed(2)
    drawn = [method.views.sample(x, replay) for _ in range(2)]
    both = torch.cat([method.views.transform(x, params) for params in drawn])
    z = method.head(method.encoder(both))
    predicted, slow = method.predictor(z), method.key_head(method.key_encoder(both))
    total = 0.0
    for i in range(8):
        for view, other in ((i, i + 8), (i + 8, i)):
            a, b = predicted[view], slow[other]
            total += (2 - 2 * (a @ b) / (a.norm() * b.norm())).item() / 16
    assert loss.item() == pytest.approx(total, rel=1e-9)
    assert metrics["alignment"].item() == pytest.approx(F.cosine_similarity(z[:8], z[8:]).mean().item(), rel=1e-5)


def test_the_copy_has_no_gradient_and_follows(toys, generator):
    method = BYOL(toys.Linear(), toys.Compose(push=toys.Push()), momentum=0.5)
    start = method.key_encoder.layer.weight.clone()
    toys.steps(method, generator, 1)
    assert all(parameter.grad is None for parameter in method.key_encoder.parameters())
    assert method.views["push"].scale.grad.any()
    torch.testing.assert_close(method.key_encoder.layer.weight, (start + method.encoder.layer.weight) / 2)


def test_equal_views_are_predicted_without_loss(toys, generator):
    method = BYOL(toys.Linear(), toys.Compose(), head="linear", dim=4)
    method.predictor = torch.nn.Identity()
    assert method(toys.batch(), generator)[0].item() == pytest.approx(0, abs=1e-5)
