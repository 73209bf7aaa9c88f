"""The packages whose classes a command line can name."""

from importlib.metadata import entry_points

GROUP = "viewlearn.components"


def load_components() -> None:
    """Imports every installed package that has components, so that their classes can be named without import path.

    A package joins by an entry point in its ``pyproject.toml``, whose value is the module to import::

        [project.entry-points."viewlearn.components"]
        my_package = "my_package"

    The core knows ``vision`` and ``audio`` in this way, too. Without an entry point, a class is still found by its
    import path: ``--views my_package.MyViews``.

    Raises:
        ValueError: No package has such an entry point.
    """
    packages = entry_points(group=GROUP)
    if not packages:
        raise ValueError(
            f"no installed package has an entry point {GROUP!r}, not even viewlearn's own: its metadata are missing or "
            "older than its code; install it again (in a clone: pip install -e .)"
        )
    for package in packages:
        package.load()
