"""How commands end: one line, the last one, with a traceback above it only where a user's own code is in it."""

import importlib.util
import logging
import sys
import warnings
from pathlib import Path

import pytest
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from viewlearn.endings import in_own_file, plain_endings

OURS = Path(__file__).parents[2] / "viewlearn"
COMMAND = """
from viewlearn.endings import plain_endings

def main(body):
    with plain_endings(ValueError):
        body()

def mistaken():
    raise ValueError("steps is 0; it must lie in [1, 10]")
"""


@pytest.fixture
def ours():
    """A command whose source counts as a file of viewlearn."""
    names: dict = {}
    exec(compile(COMMAND, str(OURS / "command.py"), "exec"), names)
    return names


@pytest.fixture
def theirs(tmp_path):
    """A module in a user's own folder."""
    path = tmp_path / "mine.py"
    path.write_text("import math\n\n\ndef view(x):\n    return math.sqrt(x)\n\n\ndef calls(ours):\n    ours()\n")
    spec = importlib.util.spec_from_file_location("mine", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_mistake_is_one_line(ours, capsys):
    with pytest.raises(SystemExit) as end:
        ours["main"](ours["mistaken"])
    assert str(end.value) == "error: steps is 0; it must lie in [1, 10]"  # which the interpreter prints, and exits by 1
    assert capsys.readouterr().err == ""


def test_a_slip_in_a_users_own_file_keeps_its_traceback(ours, theirs, capsys):
    with pytest.raises(SystemExit, match=r"error: .*(math domain error|nonnegative input)"):
        ours["main"](lambda: theirs.view(-1.0))
    said = capsys.readouterr().err
    assert "mine.py" in said and "return math.sqrt(x)" in said
    with pytest.raises(SystemExit, match="steps is 0"):  # raised by ours, which a user's own code called
        ours["main"](lambda: theirs.calls(ours["mistaken"]))
    assert "mine.py" in capsys.readouterr().err


def test_the_last_line_says_where_a_slip_was(ours, capsys):
    def noted():
        error = ValueError("too many values")
        error.add_note("in transform of view 'mine'")
        raise error

    with pytest.raises(SystemExit, match=r"^error: too many values \(in transform of view 'mine'\)$"):
        ours["main"](noted)
    assert "too many values" in capsys.readouterr().err


def test_an_error_that_came_from_a_users_own_file_counts_too(ours, theirs):
    try:
        try:
            theirs.view(-1.0)
        except ValueError as error:
            raise KeyError("wrapped") from error
    except KeyError as error:
        outer = error.with_traceback(None)
    assert in_own_file(outer)
    assert not in_own_file(ValueError("nowhere"))


def test_debug_shows_every_traceback(ours, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["train.py", "--debug"])
    with pytest.raises(SystemExit, match="steps is 0"):
        ours["main"](ours["mistaken"])
    assert "in mistaken" in capsys.readouterr().err


def test_torchs_launcher_repeats_what_is_wrong(ours, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json"))
    with pytest.raises(SystemExit):
        ours["main"](ours["mistaken"])
    failure = ProcessFailure(0, 1, 1, str(tmp_path / "error.json"))
    *_, said, border, _ = [*str(ChildFailedError("train.py", {0: failure})).splitlines(), ""]
    assert said.endswith("traceback : error: steps is 0; it must lie in [1, 10]") and set(border) == {"="}


def test_what_cannot_be_named_crashes(ours):
    with pytest.raises(ZeroDivisionError):
        ours["main"](lambda: 1 // 0)


@pytest.mark.parametrize(("words", "said"), [((), "\nstopped\n"), (("go on by: X",), "\ngo on by: X\n")])
def test_ctrl_c_is_one_line(words, said, capsys):
    with pytest.raises(SystemExit) as end, plain_endings(ValueError):
        raise KeyboardInterrupt(*words)
    assert end.value.code == 130
    assert capsys.readouterr().err == said


def test_warnings_and_announcements_are_lines(capsys):
    before = warnings.formatwarning
    with plain_endings(ValueError):  # pytest keeps warnings to itself, so they are asked how they would look
        said = warnings.formatwarning("task 'a' isn't evaluated", UserWarning, "file.py", 7)
        foreign = warnings.formatwarning("it will go", DeprecationWarning, "file.py", 7)
        logging.getLogger("viewlearn.somewhere").info("training a judge")
    assert said == "warning: task 'a' isn't evaluated\n"
    assert foreign == "warning: file.py:7: DeprecationWarning: it will go\n"
    assert capsys.readouterr().err == "training a judge\n"
    assert warnings.formatwarning is before
    logging.getLogger("viewlearn").info("nobody listens")
    assert capsys.readouterr().err == ""
