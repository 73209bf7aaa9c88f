"""Transforms of other libraries: a seed per sample says all, and nothing else is touched."""

import random

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from viewlearn.views import Compose, ForeignView, reverse_gradient, select, share
from viewlearn.views.leave_one_out import LeaveOneOut


class Mixed(torch.nn.Module):
    """Draws once a batch, from all three global generators, as transforms made for one image do."""

    def forward(self, x):
        return x * torch.rand(()) + np.random.rand() * random.random()


TRANSFORMS = {
    "torchvision": v2.Compose([v2.RandomResizedCrop(8), v2.ColorJitter(0.4, 0.4, 0.4, 0.1), v2.RandomHorizontalFlip()]),
    "own": Mixed(),
    "function": lambda x: x + torch.randn_like(x),
}


def states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_seed_per_sample_says_all(name, generator):
    function, x = TRANSFORMS[name], torch.rand(5, 3, 8, 8, generator=generator)
    view = ForeignView(function)
    params = view.sample(x, generator)
    before = states()
    seen = view.transform(x, params)
    assert states() == before
    assert torch.equal(seen, view.transform(x, params))  # replayed
    for i in range(5):  # whatever the batch around it
        part = slice(i, i + 1)
        assert torch.equal(seen[part], view.transform(x[part], select(params, part)))
        torch.manual_seed(int(params["seed"][i]))  # a loop over images, as the library's own documentation has it
        np.random.seed(int(params["seed"][i]) % 2**32)
        random.seed(int(params["seed"][i]))
        assert torch.equal(seen[i], function(x[part])[0])
    alike = view.transform(x[:1].expand(5, -1, -1, -1), params)
    assert len(alike.flatten(1).unique(dim=0)) == 5  # each draws for itself
    again = torch.Generator().manual_seed(3)
    first, second = view(x, torch.Generator().manual_seed(3)), view(x, again)
    assert torch.equal(first, second) and not torch.equal(first, view(x, again))


def test_gradients_are_the_transforms_own(generator):
    view = ForeignView(v2.ColorJitter(brightness=0.5))
    x = (0.2 + 0.1 * torch.rand(2, 3, 4, 4, generator=generator)).requires_grad_()
    reverse_gradient(view(x, generator)).sum().backward()
    assert (x.grad < 0).all()


def test_it_stands_in_a_chain_and_is_a_factor(generator):
    views = Compose(crop=ForeignView(v2.RandomCrop(6), shape=(3, 6, 6)), noise=ForeignView(TRANSFORMS["function"]))
    x = torch.rand(4, 3, 8, 8, generator=generator)
    assert views.like(x).shape == (4, 3, 6, 6) == views(x, generator).shape
    query, keys = LeaveOneOut(views, ["noise"]).sample(x, generator)
    assert torch.equal(keys[1]["noise"]["seed"], query["noise"]["seed"])
    held = share(keys[0], query, "crop", "noise")
    assert torch.equal(views.transform(x, held), views.transform(x, query))
    assert views(x[:0], generator).shape == (0, 3, 6, 6)


@pytest.mark.parametrize(
    "function, message",
    [
        (v2.CenterCrop(4), r"CenterCrop turns a sample of shape \(1, 3, 8, 8\) into \(1, 3, 4, 4\).*say shape="),
        (lambda x: x.mean(), r"<lambda> turns a sample"),
        (lambda x: x.numpy(), "makes a ndarray of a sample"),
        (3, "function is a int, which can't be called"),
    ],
)
def test_what_is_refused(function, message):
    with pytest.raises(ValueError, match=message):
        ForeignView(function)(torch.rand(2, 3, 8, 8))


def test_a_result_without_batch_or_of_another_type():
    x = torch.rand(2, 3, 8, 8)
    assert torch.equal(ForeignView(lambda row: row[0].double())(x), x)


def test_kornia(generator):
    kornia = pytest.importorskip("kornia")
    view = ForeignView(kornia.augmentation.ColorJiggle(0.4, 0.4, 0.4, 0.1, p=1.0))
    x = torch.rand(3, 3, 8, 8, generator=generator)
    params = view.sample(x, generator)
    assert torch.equal(view.transform(x, params), view.transform(x, params))
