"""Flags of scripts: each mistake is one line with flag, value and what is allowed."""

import argparse
import importlib
import re
import sys
from pathlib import Path

import pytest

from viewlearn import evaluate
from viewlearn.bounds import Count, Fraction
from viewlearn.report import __main__ as report
from viewlearn.script_parser import ScriptParser, device_name, in_bounds

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
VALUES = ["null", "1" + "0" * 20, "-1", "0", "inf", "nan", "", "word", "[]", "{}", "1e30", "3.5"]


def linear_model() -> argparse.ArgumentParser:
    return importlib.import_module("linear_model.commands")._parser()


def commands(parser: argparse.ArgumentParser) -> list[tuple[list[str], argparse.ArgumentParser]]:
    """A parser and those of its commands, each with the words that lead to it."""
    found = [([], parser)]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += [([name], each) for name, each in action.choices.items()]
    return found


@pytest.mark.parametrize("make", [evaluate._make_parser, report._make_parser, linear_model])
def test_bad_numbers_of_every_flag(make, capsys, monkeypatch):
    monkeypatch.setattr("sys.path", [*sys.path, str(EXPERIMENTS)])
    tried, root = 0, make()
    for words, parser in commands(root):
        positional = [each for each in parser._actions if not each.option_strings and each.dest != argparse.SUPPRESS]
        needed = ["RUN" for each in positional if each.nargs in (None, "+") and not each.choices]
        needed += [next(iter(each.choices)) for each in positional if each.choices and each.nargs is None]
        numeric = [
            each for each in parser._actions if each.option_strings and "read" in getattr(each.type, "__name__", "")
        ]
        for action in numeric:
            for value in VALUES:
                try:
                    accepted = action.type(value)
                except argparse.ArgumentTypeError:
                    pass
                else:
                    assert 0 <= accepted <= 1e9
                    continue
                tried += 1
                with pytest.raises(SystemExit) as stop:
                    root.parse_args([*words, *needed, f"{action.option_strings[-1]}={value}"])
                said = capsys.readouterr().err
                assert stop.value.code == 2
                assert said.count("\n") == 1 and said.startswith(f"error: argument {action.option_strings[-1]}: ")
                assert "expected int in [" in said or "expected float in " in said or " must lie in " in said
                assert repr(value) in said or f" {value} " in said or f" {float(value):g} " in said, said
    assert tried > 20


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--num_samples", "0"], "argument --num_samples: 0 must lie in [1, 1000000000]"),
        (["--device", "tpu9"], "argument --device: there is no device 'tpu9'; this machine has: cpu"),
        (["--device", "warp"], "argument --device: there is no device 'warp'; this machine has: cpu"),
        (["--nonsense"], "error: there is no flag --nonsense\n"),
        (["--num-samples=3"], "error: there is no flag --num-samples; did you mean --num_samples?\n"),
        (["--analyze", "no"], "argument --analyze: expected true or false, got 'no'"),
    ],
)
def test_a_report_that_cannot_be_made_is_no_success(monkeypatch, capsys, tmp_path, flags, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["report", "run", *flags])
    with pytest.raises(SystemExit) as stop:
        report.main()
    assert stop.value.code == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_numbers_and_devices_are_read():
    parser = ScriptParser()
    parser.add_argument("--count", type=in_bounds(Count))
    parser.add_argument("--part", type=in_bounds(Fraction | None))
    parser.add_argument("--device", type=device_name)
    arguments = parser.parse_args(["--count", "3", "--part", ".5", "--device", "cpu"])
    assert (arguments.count, arguments.part, arguments.device) == (3, 0.5, "cpu")


def test_every_flag_of_every_script_has_underscores_and_one_name(monkeypatch):
    """And ``--debug``; what the help of a run's parser says of its groups is tested with that parser."""
    monkeypatch.setattr("sys.path", [*sys.path, str(EXPERIMENTS)])
    for make in (evaluate._make_parser, report._make_parser, linear_model):
        for _, parser in commands(make()):
            flags = {flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")}
            assert not [flag for flag in flags if "-" in flag.removeprefix("--")]
            assert "--debug" in flags
    for path in EXPERIMENTS.glob("*.py"):
        assert not re.findall(r"\"--\w+-[\w-]*\"", path.read_text(encoding="utf-8")), path


def test_flags_are_written_in_full(capsys):
    parser = ScriptParser()
    parser.add_argument("--num_train", type=in_bounds(Count))
    for tokens, said in (
        (["--num", "3"], "there is no flag --num; did you mean --num_train?"),
        (["--seeed", "3"], "there is no flag --seeed"),
        (["3"], "'3' belongs to no flag"),
    ):
        with pytest.raises(SystemExit):
            parser.parse_args(tokens)
        assert capsys.readouterr().err == f"error: {said}\n"
