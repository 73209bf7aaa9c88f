"""Descriptors of views that know no modality: entry by entry, by what was drawn and decided."""

import pytest
import torch

from viewlearn.views import (
    Compose,
    ForeignView,
    Identity,
    LearnedFilter,
    LearnedMask,
    LearnedWarp,
    NoViews,
    RandomApply,
    Tilted,
    View,
    Viewmaker,
    draw,
)
from viewlearn.views.description import saturating, within_range


class Shift(View):
    """A user's view, which says nothing of its descriptor."""

    def sample(self, x, generator=None):
        return {
            "by": draw.uniform(x, 0.0, 1.0, generator),
            "on": {"flag": draw.bernoulli(x, 0.5, generator), "place": draw.integers(x, 0, 9, generator, 2, 2)},
        }

    def transform(self, x, params):
        return x + params["by"].view(-1, 1, 1, 1)


X = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def described(view, x=X):
    params = view.sample(x, torch.Generator().manual_seed(1))
    return view.describe(view.resolve(x, params)), params


def test_a_users_view_is_described_by_its_parameters_in_their_order():
    numbers, params = described(Shift())
    assert numbers.dtype == torch.float32 and numbers.shape == (5, 6)
    for row in range(5):
        expected = [params["by"][row].item(), float(params["on"]["flag"][row]), *params["on"]["place"][row].flatten()]
        assert numbers[row].tolist() == pytest.approx([float(each) for each in expected])


def test_a_chain_puts_chosen_entries_side_by_side_in_its_own_order():
    views = Compose(one=Shift(), none=Identity(), two=Shift())
    numbers, params = described(views)
    parts = [Shift().describe(params[name]) for name in ("one", "two")]
    assert torch.equal(numbers, torch.cat(parts, dim=1))
    assert torch.equal(views.describe({name: params[name] for name in ("two", "none")}), parts[1])
    assert described(NoViews())[0].shape == (1, 0)


def test_what_was_not_applied_is_zero_behind_its_flag():
    view = RandomApply(Shift(), 0.5)
    numbers, params = described(view)
    assert torch.equal(numbers[:, 0].bool(), params["applied"]) and params["applied"].any()
    inner = Shift().describe(params["view"])
    for row, applied in enumerate(params["applied"]):
        assert torch.equal(numbers[row, 1:], inner[row] if applied else torch.zeros(6))
    assert described(RandomApply(Identity(), 0.5))[0].shape == (5, 1)


def test_a_tilted_view_describes_its_choice():
    view = Tilted(Shift(), num_candidates=3)
    numbers, params = described(view)
    assert torch.equal(numbers, Shift().describe(view.resolve(X, params)["view"]))


def test_a_mask_tells_which_cells_are_hidden():
    mask = torch.zeros(2, 1, 8, 8)
    mask[0, 0, :2, 2:4] = 1  # the cell in the first row and second column
    mask[1, 0, 6:, 7] = 1  # half of the last cell
    numbers = LearnedMask(width=4, channels=3).describe({"mask": mask})
    assert numbers.shape == (2, 16)
    assert numbers[0].nonzero().flatten().tolist() == [1] and numbers[0, 1] == 1
    assert numbers[1].nonzero().flatten().tolist() == [15] and numbers[1, 15] == 0.5


def test_a_warp_tells_displacements_of_cells_in_budgets():
    field = torch.zeros(1, 2, 6, 6)
    field[0, 0, :3, :3], field[0, 1, 3:, :3] = 3.0, -1.5  # down in the first cell; to the left in the third
    numbers = LearnedWarp(budget=1.5, width=4, channels=3).describe({"field": field})
    assert numbers.tolist() == [[2, 0, 0, 0, 0, 0, -1, 0]]


def test_a_filter_tells_mixture_shift_and_gains_in_budgets():
    mixing = torch.arange(9.0).view(1, 3, 3)
    gain = torch.zeros(1, 8, 8)
    gain[:, 4:, :4] = 0.3
    resolved = {"mixing": mixing, "shift": torch.tensor([[0.1, 0.0, -0.1]]), "gain": gain}
    numbers = LearnedFilter(budget=0.1, width=4, channels=3).describe(resolved)
    expected = [*(10.0 * value for value in range(9)), 1.0, 0.0, -1.0, 0.0, 0.0, 3.0, 0.0]
    torch.testing.assert_close(numbers, torch.tensor([expected]))


def test_a_viewmaker_tells_mean_and_size_of_what_it_adds():
    delta = torch.zeros(1, 3, 8, 8)
    delta[0, 1, :4, 4:] = 0.1
    delta[0, 2, 4:, :4] = 0.3 * (-1.0) ** torch.arange(4)  # a fine pattern without a mean
    numbers = Viewmaker(0.05, width=4, num_res_blocks=1, channels=3).describe({"delta": delta})
    assert numbers.shape == (1, 16)
    expected = torch.zeros(16)
    expected[5], expected[13], expected[14] = 2.0, 2 / 3, 2.0
    torch.testing.assert_close(numbers[0], expected)


LEARNED = {
    "viewmaker": lambda: Viewmaker(width=4, num_res_blocks=1, channels=3),
    "mask": lambda: LearnedMask(num_masks=2, width=4, channels=3),
    "filter": lambda: LearnedFilter(width=4, channels=3),
    "warp": lambda: LearnedWarp(width=4, channels=3),
}


@pytest.mark.parametrize("name", LEARNED)
def test_learned_views_describe_what_they_decided_without_gradient(name):
    torch.manual_seed(0)
    numbers, _ = described(LEARNED[name]())
    assert len(numbers) == 5 and numbers.dtype == torch.float32
    assert numbers.isfinite().all() and not numbers.requires_grad
    assert (numbers.std(0) > 0).any()


def test_a_foreign_view_says_that_nobody_knows():
    with pytest.raises(ValueError, match="nobody knows what it did"):
        described(ForeignView(torch.nn.Identity()))


def test_places_in_ranges_and_numbers_without_one():
    value = torch.tensor([0.5, 1.0, 2.5])
    torch.testing.assert_close(within_range(value, 0.5, 2.5, start=1.0), torch.tensor([-0.25, 0.0, 0.75]))
    assert not within_range(value, 1.0, 1.0, start=1.0).any()
    torch.testing.assert_close(saturating(torch.tensor([-30, 0, 10]), 10), torch.tensor([-0.75, 0.0, 0.5]))
