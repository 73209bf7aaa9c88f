"""The names of ``viewlearn`` itself: all there, all documented, each imported when it is used."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import viewlearn


@pytest.mark.parametrize("name", viewlearn.__all__)
def test_resolves(name):
    assert getattr(viewlearn, name) is getattr(import_module(viewlearn._MODULE_OF[name]), name)
    assert f"``{name}``" in viewlearn.__doc__


def test_the_lists_agree():
    assert set(viewlearn.__all__) == viewlearn._MODULE_OF.keys() <= set(dir(viewlearn))
    tree = ast.parse(Path(viewlearn.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {each.module: tuple(name.name for name in each.names) for each in block.body}
    assert typed == viewlearn._MODULES


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="module 'viewlearn' has no attribute 'Viewmakr'"):
        _ = viewlearn.Viewmakr


def test_nothing_waits_for_what_it_does_not_need():
    """A loss needs torch alone; a command line and the theory don't need what builds networks and draws figures.

    Nor do runs on images, which name audio's classes too, need torchaudio, and a torch that it accepts.
    """
    code = """
import sys, viewlearn
print(*sys.modules)
viewlearn.nt_xent
print(*sys.modules)
import theory
import audio, vision
from viewlearn.train import DEFAULTS, load_components, make_parser
load_components()
make_parser("", DEFAULTS)
print(*sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    first, loss, command = (set(line.split()) for line in said.splitlines())
    assert "torch" not in first
    assert not {"jsonargparse", "sklearn", "scipy", "matplotlib", "accelerate"} & loss
    slow = {"sklearn", "matplotlib", "torchvision", "torchaudio", "torch._dynamo", "triton", "viewlearn.report"}
    assert not (slow | {"scipy.stats", "scipy.optimize", "scipy.fft"}) & command
