"""Damage anywhere in a run's folder is told in one line that names the file, or repaired; nothing good is lost."""

import errno
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from once import parsing_once
from safetensors.torch import load_file

import viewlearn
from viewlearn.data import DataSpec
from viewlearn.runs import RunFolder, StorageError

FLAGS = ("--steps", "4", "--checkpoint_every", "2", "--log_every", "1", "--encoder", "toy.Plain")
PARTS = ("--views", "viewlearn.views.Identity", "--data.size", "8", "--precision", "fp32")


@pytest.fixture
def parser(parser):
    return parsing_once(parser)


@pytest.fixture
def run(launch) -> Path:
    return launch("--out", "run", *FLAGS, *PARTS)[0].path


def damaged(content: bytes, foreign: bytes, damage: str) -> bytes | None:
    return {"missing": None, "cut": content[: len(content) // 2], "zeroed": bytes(len(content)), "foreign": foreign}[
        damage
    ]


def told(do: Callable) -> list[str]:
    """What a user reads: warnings, and the error; each must be one line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            do()
            lines = []
        except ValueError as error:
            lines = [str(error)]
    lines += [str(each.message) for each in caught]
    assert not any("\n" in line for line in lines)
    return lines


def scores(path: Path) -> object:
    return json.loads((path / "results.json").read_text())["rows"]


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["missing", "cut", "zeroed", "foreign"])
def test_damage_anywhere_is_told_or_repaired(run, launch, damage):
    """Each file of the folder in turn; the foreign ones are those of another run."""
    other = launch("--out", "other", *FLAGS, *PARTS, "--seed", "7", "--optimizer.lr", "0.2")[0].path
    encoder, expected = load_file(run / "encoder.safetensors"), scores(run)
    names = sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file())
    assert len(names) == 15
    silent = {".lock", "compute.json", "results.json"}  # made anew at once, from what the run keeps elsewhere
    for name in names:
        shutil.rmtree("damaged", ignore_errors=True)
        copy = Path(shutil.copytree(run, "damaged"))
        content = damaged((run / name).read_bytes(), (other / name).read_bytes(), damage)
        if content == (run / name).read_bytes():
            continue  # a run on the same data has the same description of them
        if content is None:
            (copy / name).unlink()
        else:
            (copy / name).write_bytes(content)
        loading = told(lambda: viewlearn.load("damaged", trust=True))
        if name in ("config.yaml", "data.json", "manifest.json", "encoder.safetensors"):
            assert any(Path(name).name in line for line in loading), (name, loading)
        lines = told(lambda: launch("--resume", "damaged"))
        step = Path(name).parent.name
        newest = step == "" or step == "step_00000004"
        if name not in silent | {"encoder.safetensors"} and newest:
            wanted = step or Path(name).name
            assert any(wanted in line for line in lines), (name, lines)
        repaired = all((copy / name).exists() for name in ("encoder.safetensors", "results.json", "compute.json"))
        if repaired and not any("put the original back" in line or "no run folder" in line for line in lines):
            again = load_file(copy / "encoder.safetensors")
            assert all((again[key] == encoder[key]).all() for key in encoder), name
            assert scores(copy) == expected, name


def test_a_configuration_cut_at_any_line_is_refused(run, launch):
    lines = (run / "config.yaml").read_text().splitlines(keepends=True)
    assert len(lines) > 60
    for k in range(len(lines)):
        (run / "config.yaml").write_text("".join(lines[:k]))
        with pytest.raises(ValueError, match=r"run/config\.yaml is damaged or was changed: .* put the original back"):
            RunFolder("run").must_be_run()
    with pytest.raises(ValueError, match=r"config\.yaml is damaged"):
        launch("--resume", "run")


def test_other_data_than_it_was_started_with(run, launch):
    (run / "manifest.json").unlink()
    spec = json.loads((run / "data.json").read_text())
    (run / "data.json").write_text(json.dumps({**spec, "num_train": 63}))
    lines = told(lambda: launch("--resume", "run"))
    assert any("the data have changed since run was started: num_train is 64, not 63" in line for line in lines)


def test_one_writer(launch, monkeypatch):
    """While a run is going, another can't go on with it; as soon as its process is dead, however it died, it can."""
    monkeypatch.setattr("viewlearn.runs.folder.PATIENCE", 0.1)
    first = RunFolder("run")
    first.create(DataSpec((3, 8, 8)), {"config.yaml": "steps: 3\n"})
    with pytest.raises(ValueError, match=r"another process writes to run; wait until it has ended, or end it"):
        RunFolder("run").resume(2)
    first.release()
    code = "from filelock import FileLock; lock = FileLock('run/.lock'); lock.acquire(); print('', flush=True); input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(ValueError, match="another process writes to run"):
            RunFolder("run").resume(2)
        holder.kill()
    second = RunFolder("run")
    second.resume(2)
    second.release()


@pytest.mark.parametrize("fault", ["full", "read-only", "deleted"])
def test_what_the_disk_refuses_is_one_line_and_costs_nothing_saved(launch, monkeypatch, fault):
    codes = {"full": errno.ENOSPC, "read-only": errno.EROFS}
    kept, checkpoints = RunFolder.save_checkpoint, Path("run/checkpoints").absolute()

    def save(folder, step, *arguments):
        if step == 4 and fault == "deleted":
            shutil.rmtree(folder.path)
        elif step == 4:
            code = codes[fault]
            monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(code, os.strerror(code))))
        return kept(folder, step, *arguments)

    monkeypatch.setattr(RunFolder, "save_checkpoint", save)
    with pytest.raises(StorageError) as error:
        launch("--out", "run", *FLAGS, *PARTS)
    assert "\n" not in str(error.value)
    if fault == "deleted":
        assert "run/checkpoints can't be written: the run folder was deleted or moved" in str(error.value)
        assert not Path("run").exists()
        return
    said = {"full": "No space left on device", "read-only": "Read-only file system"}[fault]
    assert said in str(error.value)
    assert "the last good checkpoint is run/checkpoints/step_00000002" in str(error.value)
    monkeypatch.undo()
    assert [path.name for path in checkpoints.iterdir()] == ["step_00000002"]


def test_a_folder_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "runs" / "run")
    monkeypatch.setattr("pathlib.Path.rename", lambda *_: (_ for _ in ()).throw(OSError("power")))
    with pytest.raises(ValueError, match=r"the run folder .*run can't be made: power"):
        folder.create(DataSpec((3, 8, 8)), {"config.yaml": "steps: 3\n"})
    monkeypatch.undo()
    assert list((tmp_path / "runs").iterdir()) == []
    folder.create(DataSpec((3, 8, 8)), {"config.yaml": "steps: 3\n"})
    folder.must_be_run()
    (folder.path / "checkpoints").mkdir()
    usual = tmp_path / "usual"
    usual.touch()
    modes = {path.stat().st_mode for path in folder.path.iterdir() if path.is_file() and path.name != ".lock"}
    assert modes == {usual.stat().st_mode}


def test_a_second_run_finds_the_folder_taken(tmp_path, monkeypatch):
    """Both have seen that the folder is free; one renames first."""
    monkeypatch.setattr(RunFolder, "must_be_free", lambda self: None)
    one, two = RunFolder(tmp_path / "run"), RunFolder(tmp_path / "run")
    one.create(DataSpec((3, 8, 8)), {"config.yaml": "one\n"})
    with pytest.raises(ValueError, match="can't be made"):
        two.create(DataSpec((3, 8, 8)), {"config.yaml": "two\n"})
    assert one.config.read_text() == "one\n"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
