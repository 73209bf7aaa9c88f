"""Under autocast the losses, queues and banks stay in float32."""

import pytest
import torch

from viewlearn.methods import InstDisc, LooC, MoCo

MAKE = {
    "moco": lambda toys: MoCo(toys.Linear(), toys.views, queue=16),
    "looc": lambda toys: LooC(toys.Linear(), toys.views, "shift", queue=16),
    "looc-batch": lambda toys: LooC(toys.Linear(), toys.views, "shift", "batch"),
    "instdisc": lambda toys: InstDisc(toys.Linear(), toys.views, num_negatives=6, num_train=80),
}


@pytest.mark.parametrize("name", MAKE)
def test_bfloat16_gives_float32_losses_near_the_exact_ones(toys, name):
    method = MAKE[name](toys)
    exact, _ = method(toys.batch(), torch.Generator().manual_seed(1), "adversary")
    with torch.autocast("cpu", torch.bfloat16):
        loss, metrics = method(toys.batch(), torch.Generator().manual_seed(1))
        loss.backward()
    method.update()
    assert loss.dtype == torch.float32
    assert all(value.dtype == torch.float32 for value in metrics.values())
    assert all(b.dtype == torch.float32 for b in method.buffers() if b.is_floating_point())
    torch.testing.assert_close(loss, exact, rtol=0.03, atol=0.03)
