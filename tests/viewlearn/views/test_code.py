"""A code beside a sample's channels: packed, laid out, and left alone."""

import pytest
import torch

from viewlearn.views import BesideCode, Compose, DecodeWithCode, Viewmaker, pack_code, pipeline, unpack_code
from viewlearn.views.contract import check_views
from viewlearn.views.decode import ToFloat
from viewlearn.views.view import Identity
from vision import SimCLRViews


def coded(num=6, bits=11, size=16):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (num, 3, size, size), generator=generator, dtype=torch.uint8)
    code = torch.randint(0, 2, (num, bits), generator=generator, dtype=torch.uint8)
    planes = pack_code(code)[:, :, None, None].expand(-1, -1, size, size)
    return images, code, torch.cat([images, planes], dim=1)


@pytest.mark.parametrize("bits", [1, 7, 8, 9, 16, 20])
def test_packing_is_undone_and_takes_an_eighth(bits):
    code = torch.randint(0, 2, (50, bits), dtype=torch.uint8)
    packed = pack_code(code)
    assert packed.shape == (50, -(-bits // 8)) and packed.dtype == torch.uint8
    assert torch.equal(unpack_code(packed, bits), code)
    assert packed[:, 0].tolist() == [sum(int(b) << j for j, b in enumerate(row[:8])) for row in code]


@pytest.mark.parametrize("size", [16, 12])
def test_views_see_the_channels_alone_and_the_code_comes_out_as_it_went_in(size):
    images, code, stored = coded()
    views = SimCLRViews(size=size)
    plain = pipeline(ToFloat(), Identity(), views)
    chain = pipeline(DecodeWithCode(ToFloat(), 11), Identity(), views)
    assert chain.names == plain.names and chain.like(stored).shape == (6, 14, size, size)
    first, second = (torch.Generator().manual_seed(3) for _ in "12")
    made, expected = chain(stored, first), plain(images, second)
    assert torch.equal(made[:, :3], expected)
    assert torch.equal(made[:, 3:], code[:, :, None, None].float().expand(-1, -1, size, size))
    check_views(chain, stored, 14, (0.0, 1.0), first)


def test_one_after_the_other_is_the_same():
    _, _, stored = coded()
    chain = pipeline(DecodeWithCode(ToFloat(), 11), Identity(), SimCLRViews(size=12))
    params = chain.sample(stored)
    x = stored
    for name in chain.names:
        x = chain[name].transform(x, params[name])
    assert torch.equal(chain.transform(stored, params), x)
    assert chain.same(params, params).all()


def test_a_learned_view_learns_from_what_it_sees():
    _, code, stored = coded()
    viewmaker = Viewmaker(channels=3, width=4, num_res_blocks=0)
    chain = pipeline(DecodeWithCode(ToFloat(), 11), Identity(), Compose(viewmaker=viewmaker))
    made, decisions = chain.observe(stored, chain.sample(stored))
    assert decisions["viewmaker"].view.shape == (6, 3, 16, 16)
    made.square().mean().backward()
    assert all(p.grad is not None for p in viewmaker.parameters())
    assert torch.equal(made[:, 3:, 0, 0], code.float())


def test_other_ways_to_show_it():
    _, _, stored = coded(num=200)
    gray = DecodeWithCode(ToFloat(), 11, "gray")(stored)
    assert (gray[:, 3:] == 0.5).all()
    fresh = DecodeWithCode(ToFloat(), 11, "fresh")
    one, other = (fresh(stored)[:, 3:, 0, 0] for _ in "12")
    assert 0.4 < (one == other).float().mean() < 0.6 and one.unique().tolist() == [0, 1]
    views = BesideCode(SimCLRViews(size=16), 11)
    assert views.rowwise == SimCLRViews(size=16).rowwise and views.stage == "encoder"
