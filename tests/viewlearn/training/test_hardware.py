"""What the machine is asked for, and what it refuses."""

import pytest
import torch

from viewlearn.threads import set_threads
from viewlearn.training.hardware import choose_precision, make_accelerator, native_bf16


def test_auto_takes_bf16_only_where_it_is_native(monkeypatch):
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert not native_bf16(cpu)
    assert choose_precision("auto", cpu) == "no"
    assert choose_precision("bf16", cpu) == "bf16"
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert native_bf16(cpu)
    assert choose_precision("auto", cpu) == "bf16"
    assert choose_precision("fp32", cpu) == "no"


def test_unknown_precision():
    with pytest.raises(ValueError, match="precision is 'fp16'; it must be 'auto', 'fp32' or 'bf16'"):
        choose_precision("fp16", torch.device("cpu"))


def test_a_device_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    with pytest.raises(ValueError, match=r"device is 'cuda'; this machine has: cpu \(or auto\)"):
        make_accelerator("cuda", "fp32")


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_the_cpu(device, monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    accelerator = make_accelerator(device, "fp32")
    assert accelerator.device.type == "cpu"
    assert accelerator.mixed_precision == "no"


def test_threads(monkeypatch):
    before = torch.get_num_threads()
    try:
        assert set_threads(1) == 1
        monkeypatch.setattr("os.sched_getaffinity", lambda pid: range(8))
        monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
        asked = []
        monkeypatch.setattr(torch, "set_num_threads", asked.append)
        set_threads(0)
        assert asked == [2]
        with pytest.raises(ValueError, match="threads is -1"):
            set_threads(-1)
    finally:
        monkeypatch.undo()
        torch.set_num_threads(before)


@pytest.mark.parametrize("name", ["FSDP", "DEEPSPEED", "MEGATRON_LM"])
def test_launchers_that_cut_weights_are_refused(name, monkeypatch):
    monkeypatch.setenv(f"ACCELERATE_USE_{name}", "true")
    with pytest.raises(ValueError, match=rf"told to use {name}.* Launch with --multi_gpu instead"):
        make_accelerator("cpu", "fp32")
