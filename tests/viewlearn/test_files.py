import os
import subprocess

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from viewlearn.files import (
    clear_leftovers,
    fingerprint,
    read_nested,
    read_weights,
    remove_folder,
    write_nested,
    write_tensors,
    write_text,
    write_weights,
    writing,
    writing_folder,
)


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_text_replaces_text_and_makes_folders(tmp_path):
    path = tmp_path / "a" / "b.txt"
    write_text(path, "eins\n")
    write_text(path, "zwei ∘\n")
    assert path.read_bytes() == "zwei ∘\n".encode()
    assert names(path.parent) == ["b.txt"]


def test_what_writes_itself_sees_the_suffix(tmp_path):
    with writing(tmp_path / "x.npz") as temporary:
        assert temporary.suffix == ".npz"
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"\0")
    assert (tmp_path / "x.npz").read_bytes() == b"\0"


def test_an_error_leaves_the_former_content_and_nothing_else(tmp_path):
    path = tmp_path / "x.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError, match="half"), writing(path) as temporary:
        temporary.write_text("ne")
        raise RuntimeError("half way")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["x.txt"]


@pytest.mark.parametrize("operation", ["replace", "sync"])
def test_a_failing_disk_leaves_the_former_content(tmp_path, monkeypatch, operation):
    path = tmp_path / "x.txt"
    write_text(path, "old")

    def fail(*_):
        raise OSError("disk")

    monkeypatch.setattr("pathlib.Path.replace" if operation == "replace" else "os.fsync", fail)
    with pytest.raises(OSError, match="disk"):
        write_text(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["x.txt"]


def test_content_reaches_the_disk_before_the_name_and_the_name_before_the_end(tmp_path, monkeypatch):
    happened = []
    fsync, replace = os.fsync, type(tmp_path).replace
    monkeypatch.setattr(os, "fsync", lambda fd: happened.append(os.readlink(f"/proc/self/fd/{fd}")) or fsync(fd))
    monkeypatch.setattr("pathlib.Path.replace", lambda self, other: happened.append("replace") or replace(self, other))
    write_text(tmp_path / "x.txt", "new")
    content, rename, entry = happened
    assert ".tmp-" in content
    assert rename == "replace"
    assert entry == str(tmp_path)


def test_a_folder_appears_whole(tmp_path):
    with writing_folder(tmp_path / "cache" / "set") as temporary:
        (temporary / "inner").mkdir()
        (temporary / "inner" / "x").write_text("1")
        assert not (tmp_path / "cache" / "set").exists()
    assert (tmp_path / "cache" / "set" / "inner" / "x").read_text() == "1"
    assert names(tmp_path / "cache") == ["set"]


def test_the_first_folder_stays(tmp_path):
    with writing_folder(tmp_path / "set") as slow:
        (slow / "x").write_text("slow")
        with writing_folder(tmp_path / "set") as fast:
            (fast / "x").write_text("fast")
    assert (tmp_path / "set" / "x").read_text() == "fast"
    assert names(tmp_path) == ["set"]


def test_an_error_leaves_no_folder(tmp_path):
    with pytest.raises(RuntimeError), writing_folder(tmp_path / "set") as temporary:
        (temporary / "x").write_text("1")
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path):
    (tmp_path / "set").write_text("")
    with pytest.raises(NotADirectoryError), writing_folder(tmp_path / "set") as temporary:
        (temporary / "x").write_text("1")


def test_a_killed_process_leaves_the_former_content(start, tmp_path):
    path, script = tmp_path / "x.txt", tmp_path / "killed.py"
    write_text(path, "old")
    script.write_text(
        "import os, signal, sys\nfrom pathlib import Path\nfrom viewlearn.files import writing\n"
        "with writing(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('ne')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert start(script, str(path)).finish()[0] == -9
    assert path.read_text() == "old"
    write_text(path, "new")
    assert path.read_text() == "new"


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_what_dead_processes_left_is_cleared_and_nothing_else(tmp_path, dead):
    with writing(tmp_path / "deep" / "x") as temporary:
        mine = temporary.name
    left = mine.replace(f"-{os.getpid()}-", f"-{dead}-")
    living = mine.replace(f"-{os.getpid()}-", f"-{os.getppid()}-")
    machine = mine.removeprefix(".tmp-")[:6]
    elsewhere, old = (mine.replace(machine, other) for other in ("aaaaaa", "bbbbbb"))
    (tmp_path / "deep" / left.replace("-x", "-folder") / living).mkdir(parents=True)  # in a dead one's folder
    for name in (left, living, elsewhere, old, mine, ".tmp-of-somebody-else"):
        (tmp_path / "deep" / name).write_text("")
    os.utime(tmp_path / "deep" / old, (0, 0))
    clear_leftovers(tmp_path, deep=False)
    assert left in names(tmp_path / "deep")
    clear_leftovers(tmp_path)
    assert names(tmp_path / "deep") == sorted(["x", living, elsewhere, ".tmp-of-somebody-else"])


def test_a_folder_goes_at_once(tmp_path, monkeypatch):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "x").write_text("1")
    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr("shutil.rmtree", lambda path: (_ for _ in ()).throw(InterruptedError))
        remove_folder(tmp_path / "set")
    assert not (tmp_path / "set").exists()
    clear_leftovers(tmp_path)
    assert names(tmp_path) == []


def test_permissions_are_those_of_any_new_file(tmp_path):
    write_weights(tmp_path / "w.safetensors", nn.Linear(1, 1))
    (tmp_path / "usual").touch()
    usual = (tmp_path / "usual").stat().st_mode
    assert (tmp_path / "w.safetensors").stat().st_mode == usual
    with writing(tmp_path / "x") as temporary:  # as by a library that makes private files
        temporary.unlink()
        temporary.touch(mode=0o600)
    assert (tmp_path / "x").stat().st_mode == usual


def test_fingerprints_of_files_and_of_their_beginning(tmp_path):
    (tmp_path / "x").write_bytes(b"abc" * 2**20)
    (tmp_path / "y").write_bytes(b"abc" * 2**19)
    assert fingerprint(tmp_path / "x", 3 * 2**19) == fingerprint(tmp_path / "y")
    assert fingerprint(tmp_path / "x")["bytes"] == 3 * 2**20
    assert fingerprint(tmp_path / "y", 2**30) == fingerprint(tmp_path / "y")


def test_a_full_disk_is_an_os_error(tmp_path, monkeypatch):
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"w\.safetensors"):
            write_weights(tmp_path / "w.safetensors", nn.Linear(100, 100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names(tmp_path) == []


@pytest.mark.parametrize("damage", ["cut", "zeroed", "one bit", "missing", "text"])
def test_damaged_weights_are_noticed(tmp_path, damage):
    path = tmp_path / "w.safetensors"
    write_weights(path, nn.Linear(3, 3), {"score": 0.5})
    assert read_weights(path)[1] == {"score": 0.5}
    content = path.read_bytes()
    changed = {
        "cut": content[:-1],
        "zeroed": bytes(len(content)),
        "one bit": content[:-1] + bytes([content[-1] ^ 1]),
        "text": b"nothing",
    }
    path.unlink()
    if damage != "missing":
        path.write_bytes(changed[damage])
    with pytest.raises(ValueError, match=r"w\.safetensors"):
        read_weights(path)


def test_weights_and_tensors_come_back(tmp_path):
    module = nn.BatchNorm1d(3)
    write_weights(tmp_path / "w.safetensors", module)
    kept = load_file(tmp_path / "w.safetensors")
    assert kept.keys() == module.state_dict().keys()
    write_tensors(tmp_path / "t.safetensors", {"x": torch.arange(6).view(2, 3).t()})
    assert torch.equal(load_file(tmp_path / "t.safetensors")["x"], torch.arange(6).view(2, 3).t())


def test_nested_state_comes_back_and_refuses_the_rest(tmp_path):
    state = {"a": [torch.ones(2), None, {0: True, 1: 0.5}], "b": "tensor"}
    paths = write_nested(tmp_path / "state", state)
    assert names(tmp_path) == sorted(path.name for path in paths)
    back = read_nested(tmp_path / "state")
    assert torch.equal(back["a"][0], torch.ones(2))
    assert back["a"][1:] == state["a"][1:] and back["b"] == "tensor"
    with pytest.raises(TypeError, match="/a/0 is a set"):
        write_nested(tmp_path / "other", {"a": [{1}]})
    assert names(tmp_path) == sorted(path.name for path in paths)
