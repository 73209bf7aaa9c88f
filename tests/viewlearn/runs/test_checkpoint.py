import json

import pytest
import torch

from viewlearn.runs import load_checkpoint, load_newest, save_checkpoint


def state(value: float) -> dict:
    return {
        "weights": {"a": torch.full((3,), value), "b": torch.arange(4).reshape(2, 2).t()},
        "optimizer": {"state": {0: {"step": torch.tensor(value), "buffer": None}}, "groups": [{"lr": 0.1, "on": True}]},
        "random": [torch.Generator().manual_seed(3).get_state()],
        "text": "x",
    }


def equal(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    return a == b


def test_nested_state_comes_back_whole(tmp_path):
    saved = save_checkpoint(tmp_path, 5, state(1.5))
    assert equal(load_checkpoint(saved), state(1.5))


def test_keeps_the_newest(tmp_path):
    for step in (1, 2, 10, 11):
        save_checkpoint(tmp_path, step, state(step), keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step_00000010", "step_00000011"]
    assert load_newest(tmp_path)[0] == 11


def test_no_checkpoint(tmp_path):
    assert load_newest(tmp_path / "nothing") is None


@pytest.mark.parametrize("damage", ["truncate", "flip", "delete", "manifest"])
def test_a_torn_checkpoint_is_passed_over(tmp_path, damage):
    save_checkpoint(tmp_path, 1, state(1))
    torn = save_checkpoint(tmp_path, 2, state(2))
    file = torn / "state.safetensors"
    content = file.read_bytes()
    if damage == "truncate":
        file.write_bytes(content[:-1])
    elif damage == "flip":
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "delete":
        file.unlink()
    else:
        (torn / "manifest.json").write_text('{"for')
    with pytest.warns(UserWarning, match="passing over"):
        step, loaded = load_newest(tmp_path)
    assert step == 1
    assert equal(loaded, state(1))


def test_a_crash_while_writing_leaves_no_checkpoint(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, 1, state(1))
    monkeypatch.setattr("viewlearn.files.sync", lambda path: (_ for _ in ()).throw(OSError("power")))
    with pytest.raises(OSError, match="power"):
        save_checkpoint(tmp_path, 2, state(2))
    monkeypatch.undo()
    assert load_newest(tmp_path)[0] == 1


def test_what_a_killed_process_left_is_cleared_away(tmp_path):
    (tmp_path / ".tmp-0-step_00000002").mkdir()
    (tmp_path / ".tmp-0-step_00000002" / "state.json").write_text("{")
    assert load_newest(tmp_path) is None
    save_checkpoint(tmp_path, 3, state(3))
    assert [path.name for path in tmp_path.iterdir()] == ["step_00000003"]


def test_a_newer_format_says_so(tmp_path):
    saved = save_checkpoint(tmp_path, 1, state(1))
    manifest = json.loads((saved / "manifest.json").read_text())
    (saved / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(ValueError, match="format 99"):
        load_checkpoint(saved)


def test_refuses_what_it_cannot_hold(tmp_path):
    with pytest.raises(TypeError, match="set"):
        save_checkpoint(tmp_path, 1, {"a": {1, 2}})
