"""Views of the partner's own, and small ones beside the large: multi-crop."""

import pytest
import torch

from viewlearn.data import Batch
from viewlearn.encoders import Encoder
from viewlearn.losses import info_nce, nt_xent
from viewlearn.methods import MoCo, SimCLR
from viewlearn.views import Compose, ForeignView, Identity, Viewmaker, pipeline
from viewlearn.views.decode import ToFloat
from viewlearn.views.pipeline import beside


class Means(Encoder):
    """Reads images of any size."""

    num_features = 3

    def __init__(self):
        super().__init__()
        self.seen: list[tuple[int, ...]] = []

    def forward(self, x):
        self.seen.append(tuple(x.shape))
        return x.mean((2, 3))


def crop(size: int) -> ForeignView:
    return ForeignView(lambda x: x[..., :size, :size] + 0.1 * torch.randn_like(x[..., :size, :size]), (3, size, size))


def brighter() -> ForeignView:
    return ForeignView(lambda x: x + 2)


def batch() -> Batch:
    x = torch.randint(0, 256, (6, 3, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return Batch(x, {}, torch.arange(6))


def make(method, **settings):
    torch.manual_seed(0)
    return method(Means(), pipeline(ToFloat(), Identity(), crop(6)), head="none", temperature=0.5, **settings)


def drawn(views, generator):
    return beside(pipeline(ToFloat(), Identity()), views)(batch().x, generator).mean((2, 3))


def test_simclr_contrasts_all_pairs_with_a_large_view():
    method = make(SimCLR, partner_views=brighter(), small_views=crop(3), num_small=2)
    loss, metrics = method(batch(), torch.Generator().manual_seed(1))
    assert method.encoder.seen == [(6, 3, 6, 6), (6, 3, 8, 8), (12, 3, 3, 3)]
    generator = torch.Generator().manual_seed(1)
    z1, z2, *small = (drawn(views, generator) for views in (crop(6), brighter(), crop(3), crop(3)))
    pairs = [(z1, z2), *((a, b) for a in small for b in (z1, z2))]
    losses = [nt_xent(a, b, 0.5) for a, b in pairs]
    torch.testing.assert_close(loss, torch.stack(losses).mean())
    torch.testing.assert_close(metrics["loss/large"], losses[0])
    torch.testing.assert_close(metrics["loss/small"], torch.stack(losses[1:]).mean())


def test_moco_asks_small_queries_for_keys_of_other_views():
    method = make(MoCo, queue=12, partner_views=brighter(), small_views=crop(3), num_small=2)
    negatives = method.queue.keys.clone()
    loss, _ = method(batch(), torch.Generator().manual_seed(1))
    generator = torch.Generator().manual_seed(1)
    query = drawn(crop(6), generator)  # what the seeds are drawn for comes in this order, as no view reads another's
    key, *small = (drawn(views, generator) for views in (brighter(), crop(3), crop(3)))
    losses = [info_nce(each, key, negatives, 0.5) for each in (query, *small)]
    torch.testing.assert_close(loss, torch.stack(losses).mean())


@pytest.mark.parametrize("method", [SimCLR, MoCo])
def test_the_same_views_by_another_name_are_the_same(method):
    """Views that the partner has of its own, but like the others, give the loss that two draws of one pipeline give."""
    settings = {"queue": 12} if method is MoCo else {}
    plain, others = make(method, **settings), make(method, partner_views=crop(6), **settings)
    if method is MoCo:
        others.load_state_dict(plain.state_dict())
    first, second = (each(batch(), torch.Generator().manual_seed(3))[0] for each in (plain, others))
    assert torch.equal(first, second)


@pytest.mark.parametrize("method", [SimCLR, MoCo])
def test_learned_views_play_beside_them_and_not_among_them(method):
    learned = Viewmaker(channels=3, width=4, num_res_blocks=1)
    made = method(Means(), pipeline(ToFloat(), Identity(), learned), head="none", partner_views=brighter())
    made(batch(), torch.Generator().manual_seed(0))[0].backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in learned.parameters())
    for name in ("partner_views", "small_views"):
        with pytest.raises(ValueError, match=f"{name} has learned views"):
            make(method, **{name: Compose(viewmaker=learned)})


def test_what_is_refused():
    with pytest.raises(ValueError, match="a neutral game and Tilted views take two views by the same pipeline"):
        make(SimCLR, game="neutral", small_views=crop(3))
    with pytest.raises(ValueError, match="query and keys share draws of the same views"):
        make(MoCo, shared="foreignview", partner_views=brighter())
