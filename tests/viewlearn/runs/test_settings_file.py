"""YAML that says two things, contains itself or has no end is one line, at once."""

import time
from pathlib import Path

import pytest

from viewlearn.runs.settings_file import SettingsError, check_settings, load_value, read_settings

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{below}'] * 10)}]\n" for below, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("steps: 3\nsteps: 4", "line 2: the key 'steps' is there twice"),
        ("views: {class_path: Viewmaker, init_args: {width: 3, width: 4}}", "line 1: the key 'width' is there twice"),
        ("views: &v\n  again: *v", "line 1: this value contains itself"),
        ("views: &v [1, *v]", "line 1: this value contains itself"),
        ("a: &a\n  b: &b [*a, 1]\n  c: *b", "contains itself"),
        (BOMB, "more than 100,000 values"),
        ("views: " + "[" * 500 + "]" * 500, "values within values, more than 64 deep"),
        ("a: [b", "while parsing a flow sequence"),
        ("steps: !!python/object/apply:os.system ['touch ran']", "could not determine a constructor"),
        ("", "holds no settings"),
        ("[1, 2]", "holds no settings"),
        ("views: \x00", "characters are not allowed"),
    ],
)
def test_it_is_told_at_once(tmp_path, parser, content, said):
    file = tmp_path / "settings.yaml"
    file.write_text(content)
    start = time.perf_counter()
    with pytest.raises(SettingsError) as error:
        read_settings(file)
    assert said in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(ValueError, match="--config") as error:
        parser.parse(["--config", str(file)])
    assert said in str(error.value) and "\n" not in str(error.value)
    assert time.perf_counter() - start < 30
    assert not Path("ran").exists()


def test_what_is_said_once_is_read():
    check_settings("base: &base {warmup: 0.1}\nschedule: *base\nviews_schedule: *base")
    assert load_value("schedule: &s {warmup: 0.1}\nviews_schedule: *s") == {
        "schedule": {"warmup": 0.1},
        "views_schedule": {"warmup": 0.1},
    }
    assert load_value("1e-3") == 1e-3


@pytest.mark.parametrize("flags", [("--views.clamp", "[1, 2"), ("--views", "{class_path: A, class_path: B}")])
def test_values_on_the_command_line_too(parser, flags):
    with pytest.raises(ValueError, match="--views") as error:
        parser.parse(list(flags))
    assert "\n" not in str(error.value)


def test_settings_as_a_text(parser):
    assert parser.parse(["--config", "{steps: 3}"]).steps == 3
    with pytest.raises(ValueError, match="--config: line 1: the key 'steps' is there twice"):
        parser.parse(["--config", "{steps: 3, steps: 4}"])
    with pytest.raises(ValueError, match="--config: while parsing"):
        parser.parse(["--config", "{steps: 3"])


def test_files_that_are_none(tmp_path, parser):
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00steps")
    for path in ("binary.yaml", "nowhere.yaml", str(tmp_path)):
        with pytest.raises(ValueError, match="--config") as error:
            parser.parse(["--config", path])
        assert "\n" not in str(error.value)
