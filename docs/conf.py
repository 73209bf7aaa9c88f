"""The documentation as a site: ``sphinx-build -W -n docs docs/_build`` (extra ``docs``).

Sphinx with MyST: both are maintained, the pages stay Markdown that also reads on a repository's front page, and the
reference is made from the docstrings themselves. (MkDocs had no release in two years; pdoc has no pages beside the
reference.)
"""

from importlib.metadata import version as version_of

project = "viewlearn"
release = version_of("viewlearn")
copyright = "the viewlearn authors"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
html_theme = "furo"
html_title = "viewlearn"
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_inherit_docstrings = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

nitpicky = True  # a name of ours that is written as a link and leads nowhere is an error; others' names aren't links
nitpick_ignore_regex = [
    ("py:.*", r"(?!viewlearn\.|vision\.|audio\.|theory\.).*"),
    ("py:.*", r".*\._\w+"),
    ("py:class", r".*\.(Function|Made)"),  # type variables
]
