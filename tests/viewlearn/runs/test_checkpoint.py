import json

import pytest
import torch

from viewlearn.runs import load_checkpoint, load_newest, save_checkpoint
from viewlearn.runs.checkpoint import repair


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


def test_a_newer_format_says_so(tmp_path):
    saved = save_checkpoint(tmp_path, 1, state(1))
    manifest = json.loads((saved / "manifest.json").read_text())
    (saved / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(ValueError, match="format 99"):
        load_checkpoint(saved)


def test_refuses_what_it_cannot_hold(tmp_path):
    with pytest.raises(TypeError, match="set"):
        save_checkpoint(tmp_path, 1, {"a": {1, 2}})


def tear(path) -> None:
    file = path / "state.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_only_whole_one_stays_when_one_is_kept(tmp_path):
    """The newest is torn, the run goes on from the one before: no save may leave it with none."""
    save_checkpoint(tmp_path, 1, state(1), keep=2)
    tear(save_checkpoint(tmp_path, 3, state(3), keep=2))
    with pytest.warns(UserWarning, match="state.safetensors is missing or torn.*now damaged_step_00000003"):
        assert repair(tmp_path) == 1
    save_checkpoint(tmp_path, 2, state(2), keep=1)
    assert load_newest(tmp_path)[0] == 2
    assert names(tmp_path) == ["damaged_step_00000003", "step_00000002"]


def test_neither_strays_nor_torn_ones_are_counted(tmp_path):
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, step, state(step), keep=3)
    (tmp_path / "step_00000009").write_text("a file")
    (tmp_path / "step_00000003 (copy)").mkdir()
    (tmp_path / "step_00000099").mkdir()  # newer than anything this run has saved
    tear(tmp_path / "step_00000003")
    with pytest.warns(UserWarning, match="step_00000003.* torn"):
        save_checkpoint(tmp_path, 4, state(4), keep=2)
    kept = ["damaged_step_00000003", "step_00000002", "step_00000003 (copy)", "step_00000004", "step_00000009"]
    assert names(tmp_path) == [*kept, "step_00000099"]
    with pytest.warns(UserWarning, match="step_00000099 is no whole checkpoint"):
        assert repair(tmp_path) == 4


def test_name_manifest_and_run_must_agree(tmp_path):
    save_checkpoint(tmp_path, 1, state(1), run="mine")
    save_checkpoint(tmp_path / "other", 2, state(2), run="another's").rename(tmp_path / "step_00000005")
    with pytest.raises(ValueError, match="another checkpoint than its name says: that after step 2"):
        load_checkpoint(tmp_path / "step_00000005")
    save_checkpoint(tmp_path / "other", 6, state(2), run="another's").rename(tmp_path / "step_00000006")
    with pytest.raises(ValueError, match="step_00000006 is another run's"):
        load_checkpoint(tmp_path / "step_00000006", run="mine")
    with pytest.warns(UserWarning, match="passing over"):
        assert load_newest(tmp_path, run="mine")[0] == 1


def test_all_damaged_ones_stay_where_they_are(tmp_path):
    for path in [save_checkpoint(tmp_path, step, state(step)) for step in (1, 2)]:
        tear(path)
    with pytest.raises(ValueError, match=r"no checkpoint is whole: .*step_00000002.* from the beginning"):
        repair(tmp_path)
    assert names(tmp_path) == ["step_00000001", "step_00000002"]
    assert repair(tmp_path / "none") == 0


@pytest.mark.parametrize("content", ["[]", "{}", "", "\0\0", '{"format": "1", "step": 1, "files": {}}', "null"])
def test_a_manifest_of_another_form_is_damage(tmp_path, content):
    saved = save_checkpoint(tmp_path, 1, state(1))
    (saved / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match=r"step_00000001 is no whole checkpoint: its manifest\.json"):
        load_checkpoint(saved)


def test_a_newer_format_is_not_set_aside(tmp_path):
    test_a_newer_format_says_so(tmp_path)
    with pytest.raises(ValueError, match="format 99"):
        repair(tmp_path)
    assert names(tmp_path) == ["step_00000001"]
