import pytest
import torch

from theory import FeatureGroup, GroupModel
from theory.model.parameters import cells, parameters_of, vary


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strengths": (1.0, -2.0)}, r"strengths of group A must be positive.*-2"),
        ({"strengths": ()}, "strengths of group A"),
        ({"strengths": (1.0,), "destroy": 1.2}, r"destroy of group A must be a probability in \[0, 1\], not 1.2"),
        ({"strengths": (1.0,), "mode": "drop"}, "mode of group A must be resample or zero or gauss, not 'drop'"),
        ({"strengths": (1.0,), "views": "two"}, "views of group A must be both or one, not 'two'"),
        ({"strengths": (1.0,), "latent": "cauchy"}, "latent of group A must be gaussian or rademacher or onehot"),
    ],
)
def test_impossible_groups_say_which(arguments, message):
    with pytest.raises(ValueError, match=message):
        FeatureGroup("A", **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"noise": -1.0}, "noise must be a standard deviation of at least 0, not -1"),
        ({"noise_dims": -1}, "noise_dims"),
        ({"noise": 0.0, "noise_dims": 2}, "noise directions without noise"),
        ({"basis": torch.eye(3)[:2]}, r"more directions \(3\) than dimensions \(2\)"),
        ({"basis": 2 * torch.eye(3)}, "not orthonormal"),
        ({"basis": torch.eye(5)}, "3 directions, the basis 5 columns"),
    ],
)
def test_impossible_models_say_which(arguments, message):
    with pytest.raises(ValueError, match=message):
        GroupModel([FeatureGroup("A", (1.0, 2.0, 3.0))], **arguments)


def test_names_are_unique_and_unknown_ones_are_listed():
    group = FeatureGroup("A", (1.0,))
    with pytest.raises(ValueError, match="different names"):
        GroupModel([group, group])
    with pytest.raises(ValueError, match=r"no group 'C'; there are: A, B"):
        GroupModel([group, FeatureGroup("B", (1.0,))]).directions("C")


def test_layout():
    model = GroupModel([FeatureGroup("A", (3.0, 2.0)), FeatureGroup("B", (1.0,))], noise_dims=2)
    assert (model.num_features, model.num_directions, model.input_dim, model.default_dim()) == (3, 5, 5, 2)
    assert model.directions("B") == slice(2, 3)
    assert model.with_group("A", destroy=0.4).group("A").destroy == 0.4
    assert model.group("A").destroy == 0.0


def test_cells_are_the_outer_product_with_the_last_axis_fastest():
    columns = cells({"A.destroy": [0.0, 0.5], "noise": [1.0, 2.0, 3.0]})
    assert columns["A.destroy"].tolist() == [0, 0, 0, 0.5, 0.5, 0.5]
    assert columns["noise"].tolist() == [1, 2, 3, 1, 2, 3]


def test_vary_sets_what_is_named_and_keeps_ratios_of_strengths():
    model = GroupModel([FeatureGroup("A", (4.0, 2.0)), FeatureGroup("B", (1.0,), destroy=0.2)], shared_noise=0.5)
    numbers = vary(model, {"A.strength": [1.0, 8.0], "A.destroy": [0.1, 0.3]})
    assert numbers.strengths.tolist() == [[1, 0.5, 1], [8, 4, 1]]
    assert torch.allclose(numbers.destroy, torch.tensor([[0.1, 0.2], [0.3, 0.2]], dtype=torch.float64))
    assert numbers.shared_noise.tolist() == [0.5, 0.5]
    assert len(numbers[1:]) == 1
    assert torch.equal(vary(model, {}).strengths, parameters_of(model).strengths)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"A.destroy": [0.5, 1.5]}, r"A.destroy must be a probability in \[0, 1\], not 1.5"),
        ({"A.strength": [0.0]}, "A.strength must be positive, not 0"),
        ({"A.color": [0.0]}, "no parameter 'A.color'"),
        ({"C.destroy": [0.0]}, "no group 'C'"),
    ],
)
def test_vary_says_what_is_wrong(column, message):
    with pytest.raises(ValueError, match=message):
        vary(GroupModel([FeatureGroup("A", (4.0,))]), column)
