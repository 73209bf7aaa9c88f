import pytest
import torch

from viewlearn.views import reverse_gradient


@pytest.mark.parametrize("scale", [0.0, 0.3, 1.0, 2.5])
def test_keeps_the_value_and_scales_the_gradient_by_minus_scale(scale, generator):
    x = torch.randn(5, 3, generator=generator, requires_grad=True)
    weight = torch.randn(5, 3, generator=generator)
    y = reverse_gradient(x, scale)
    assert torch.equal(y, x)
    (weight * y).sum().backward()
    torch.testing.assert_close(x.grad, -scale * weight)


def test_twice_is_the_plain_gradient(generator):
    x = torch.randn(4, generator=generator, requires_grad=True)
    reverse_gradient(reverse_gradient(x)).pow(3).sum().backward()
    torch.testing.assert_close(x.grad, 3 * x.detach() ** 2)


def test_one_backward_gives_both_players_their_gradients(generator):
    """The encoder in front descends, the generator behind ascends, as two separate backward passes would."""
    x = torch.randn(8, 4, generator=generator)
    behind, front = torch.nn.Linear(4, 4), torch.nn.Linear(4, 2)
    players = [*behind.parameters(), *front.parameters()]
    plain = torch.autograd.grad(front(behind(x).tanh()).pow(2).mean(), players)
    reversed_ = torch.autograd.grad(front(reverse_gradient(behind(x).tanh())).pow(2).mean(), players)
    for sign, a, b in zip((-1, -1, 1, 1), reversed_, plain, strict=True):
        torch.testing.assert_close(a, sign * b)


def test_under_autocast_the_dtype_of_value_and_gradient_stay(generator):
    linear = torch.nn.Linear(4, 4)
    x = torch.randn(2, 4, generator=generator, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        y = reverse_gradient(linear(x))
        assert y.dtype == torch.bfloat16
        loss = linear(y).float().sum()
    loss.backward()
    assert x.grad.dtype == torch.float32
    assert x.grad.abs().sum() > 0


def test_the_input_may_not_need_a_gradient():
    assert not reverse_gradient(torch.ones(2)).requires_grad


def test_a_negative_scale_is_an_error():
    with pytest.raises(ValueError, match=r"-1\.0"):
        reverse_gradient(torch.ones(2), -1.0)
