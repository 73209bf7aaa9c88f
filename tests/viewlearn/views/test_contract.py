"""What views make of the first batch: each slip is told with the entry's name, before anything is trained."""

import pytest
import torch

from viewlearn.views import Compose, Identity, View, Viewmaker, draw, pipeline
from viewlearn.views.contract import check_views
from viewlearn.views.decode import ToFloat

IMAGES = torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
WAVES = torch.rand(6, 1, 40, generator=torch.Generator().manual_seed(0)) - 0.5


class Slip(View):
    """Does to images what it is given; draws what it is given.

    Args:
        function: What is done.
        shape: Shape of the parameter behind the batch; None for one without the batch.
    """

    def __init__(self, function, shape=()):
        super().__init__()
        self.function, self.shape = function, shape

    def sample(self, x, generator=None):
        return {"inner": {"amount": torch.rand(1) if self.shape is None else draw.uniform(x, 0, 1, generator)}}

    def transform(self, x, params):
        return self.function(x)


class Halved(Slip):
    """Says what it makes."""

    def like(self, x):
        return x[..., ::2, ::2]


def checked(view: View, x=IMAGES, value_range=(0.0, 1.0)) -> None:
    views = Compose(first=Identity(), slip=view)
    check_views(pipeline(ToFloat(), Identity(), views), x, x.shape[1], value_range, torch.Generator().manual_seed(0))


def nan_in_one_sample(x):
    x = x.clone()
    x[3, 0, 0, 0] = float("nan")
    return x


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (Slip(lambda x: 255 * x), r"gives values in \[0, 255\]; views keep natural units, here \[0, 1\]"),
        (Slip(lambda x: (x - 0.5) / 0.2), r"gives values in \[-2.5, 2.5\]"),
        (Slip(lambda x: x[..., ::2, ::2]), r"turns \(3, 8, 8\) into \(3, 4, 4\), and its like\(\) says \(3, 8, 8\)"),
        (Slip(lambda x: x.mean(1, keepdim=True)), r"turns \(3, 8, 8\) into \(1, 8, 8\)"),
        (Slip(nan_in_one_sample), "gives 1 values that are NaN or infinite, of 1152"),
        (Slip(lambda x: x[:1]), r"gives \(1, 3, 8, 8\) for a batch of 6; a view gives one row for each sample"),
        (Slip(lambda x: x[0]), r"gives \(3, 8, 8\) for a batch of 6"),
        (Slip(lambda x: x.mean()), r"gives \(\) for a batch of 6"),
        (Slip(lambda x: x.double()), "turns torch.float32 into torch.float64"),
        (Slip(lambda x: x.numpy()), "gives a ndarray; a view gives a tensor"),
        (Slip(lambda x: x, None), r"draws 'inner.amount' of shape \(1,\) for 6 samples"),
    ],
)
def test_a_slip_is_told_with_its_view(view, said):
    with pytest.raises(ValueError, match=said) as error:
        checked(view)
    assert str(error.value).startswith(f"view 'slip' ({Slip.__module__}.Slip) ")


def test_channels_that_like_declares_must_still_be_the_encoders():
    class Gray(Slip):
        def like(self, x):
            return x[:, :1]

    with pytest.raises(ValueError, match=r"view 'slip' .* gives 1 channels; the encoder reads 3"):
        checked(Gray(lambda x: x.mean(1, keepdim=True)))


def test_views_that_keep_the_contract_pass():
    checked(Slip(lambda x: x + 0.3))  # noise that isn't clamped
    checked(Halved(lambda x: x[..., ::2, ::2]))
    checked(Viewmaker(channels=3, width=2, num_res_blocks=0))
    checked(Slip(lambda x: 10 * x), WAVES, None)  # a gain of 20 dB


def test_without_a_range_magnitudes_are_compared():
    with pytest.raises(ValueError, match=r"turns values of up to 1 into \[-1.63e\+04, 1.63e\+04\]"):
        checked(Slip(lambda x: 32_768 * x), WAVES, None)


def test_a_views_own_error_says_where_it_was():
    with pytest.raises(RuntimeError) as error:
        checked(Slip(lambda x: x @ torch.ones(3, 3)))
    (note,) = error.value.__notes__
    assert note == f"in transform of view 'slip' ({Slip.__module__}.Slip), on the first batch"
