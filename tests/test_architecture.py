"""The rules that keep the parts apart, read off the source."""

import ast
import importlib
import inspect
import pkgutil
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("viewlearn", "vision", "audio", "theory")
FORBIDDEN = {
    "viewlearn": {"vision", "audio", "theory", "experiments", "tests", "benchmarks"},
    "vision": {"audio", "theory", "experiments", "tests", "benchmarks"},
    "audio": {"vision", "theory", "experiments", "tests", "benchmarks"},
    "theory": {"vision", "audio", "experiments", "tests", "benchmarks"},
}
LAYERS = (  # of the core, from the ground up: a room imports those below its layer, and none beside it
    ("files", "sampling", "distributed", "launchers", "tables", "bounds", "threads"),
    ("orphans", "endings", "interruption"),
    ("script_parser",),
    ("views", "losses", "optimizers"),
    ("data", "encoders"),
    ("methods",),
    ("evaluation", "training", "plots"),
    ("runs",),
    ("report",),
)
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
SCRIPTS = sorted((ROOT / "experiments").rglob("*.py"))
LARGEST_LOOP = 9  # files of training: the loop and what it needs


@cache
def trees() -> dict[str, ast.Module]:
    """Every file's syntax by its path."""
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES + SCRIPTS}


def library() -> dict[str, ast.Module]:
    return {name: tree for name, tree in trees().items() if not name.startswith("experiments")}


def imports(tree: ast.Module) -> set[str]:
    """Every module that a file imports, also those within functions."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_arrows_point_inward():
    for name, tree in library().items():
        outward = {module for module in imports(tree) if module.split(".")[0] in FORBIDDEN[Path(name).parts[0]]}
        assert not outward, f"{name} imports {outward}"


def test_the_core_knows_no_layer_above_it():
    height = {room: k for k, layer in enumerate(LAYERS) for room in layer}
    for name, tree in library().items():
        package, room, *_ = (*Path(name).parts, "")
        if package == "viewlearn" and room.removesuffix(".py") in height:
            room = room.removesuffix(".py")
            rooms = {module.split(".")[1] for module in imports(tree) if module.startswith("viewlearn.")} - {room}
            beside = {other for other in rooms if height.get(other, len(LAYERS)) >= height[room]}
            assert not beside, f"{name} imports {beside}"


def test_theory_takes_losses_laws_files_and_draws_of_the_core_and_nothing_else():
    laws = "viewlearn.evaluation.feature_dropping.dropout"  # of destroyed labels, which reports hold runs against
    for name, tree in library().items():
        if name.startswith("theory"):
            core = {module for module in imports(tree) if module.split(".")[0] == "viewlearn"}
            others = {module for module in core if not module.startswith(laws)}
            assert {module.split(".")[1] for module in others} <= {"losses", "files", "sampling"}, (
                f"{name} imports {core}"
            )
    assert "viewlearn.losses.spectral" in imports(trees()["theory/losses/quadratic.py"])


def test_files_say_what_they_are():
    for name, tree in trees().items():
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not text.strip() or ast.get_docstring(tree), f"{name} doesn't start with a sentence on what it holds"


def test_what_belongs_together_is_a_folder_not_a_prefix():
    for folder in {path.parent for path in SOURCES + SCRIPTS}:
        files = [path.stem for path in folder.glob("*.py") if not path.stem.startswith("__")]
        for file in files:
            beside = [other for other in files if other != file and other.split("_")[0] == file.split("_")[0]]
            assert not beside, f"{folder}: {file} and {beside}"
    assert len(list((ROOT / "viewlearn/training").glob("[!_]*.py"))) <= LARGEST_LOOP


def test_a_class_name_stands_for_one_thing():
    """Images and sounds have the same rooms, so the same thing has the same name in both."""
    homes: dict[str, set[str]] = {}
    for name, tree in trees().items():
        room = name.replace("audio/", "vision/", 1)
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, set()).add(room)
    shared = {name: rooms for name, rooms in homes.items() if len(rooms) > 1}
    assert not shared


def test_nothing_is_swallowed_or_unpickled():
    """No bare except, no ``except Exception``; no load that runs code."""
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else ""
                assert caught not in ("", "Exception", "BaseException"), f"{name}:{node.lineno}"
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("pickle.load", "pickle.loads", "torch.load"):
                safe = any(k.arg == "weights_only" and ast.unparse(k.value) == "True" for k in node.keywords)
                assert safe, f"{name}:{node.lineno}"


def components() -> list[type]:
    """The public classes that a run can be made of."""
    from torch import nn

    from viewlearn.data import Data

    found = set()
    for package in PACKAGES[:3]:
        module = importlib.import_module(package)
        names = [m.name for m in pkgutil.walk_packages(module.__path__, f"{package}.") if m.ispkg]
        for name in (package, *names):
            members = inspect.getmembers(importlib.import_module(name), inspect.isclass)
            found |= {c for key, c in members if not key.startswith("_") and issubclass(c, (nn.Module, Data))}
    return sorted((c for c in found if c.__module__.split(".")[0] in PACKAGES), key=lambda c: c.__qualname__)


def test_views_keep_the_signatures_of_their_base():
    """What is done faster for a caller who knows more is done by other functions."""
    from viewlearn.views import View

    for component in components():
        for name in ("sample", "transform", "like", "same") if issubclass(component, View) else ():
            written, base = (inspect.signature(getattr(owner, name)).parameters for owner in (component, View))
            assert list(written) == list(base), f"{component.__qualname__}.{name}"


def test_a_components_arguments_are_typed_and_explained():
    """They are its flags and its help; see ``--views.help CLASS``."""
    missing = []
    for component in components():
        # An inherited constructor is explained where it is written.
        writer = next(c for c in component.__mro__ if "__init__" in vars(c))
        if writer.__module__.split(".")[0] not in PACKAGES:
            continue
        documentation = inspect.getdoc(writer) or ""
        for name, parameter in list(inspect.signature(writer.__init__).parameters.items())[1:]:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if parameter.annotation is parameter.empty:
                missing.append(f"{writer.__qualname__}: no type for {name}")
            if f"{name}:" not in documentation and f"{name}," not in documentation:
                missing.append(f"{writer.__qualname__}: no word on {name}")
    assert not missing
