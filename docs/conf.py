"""Settings of the documentation."""

import cxrclf

project = "cxrclf"
author = "The cxrclf developers"
copyright = author
version = release = cxrclf.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates"]

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say more
# The templates list the members.
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    # Run while the pages are made; the other examples are shown only.
    "filename_pattern": r"/plot_",
    "download_all_examples": False,
    "min_reported_time": float("inf"),
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "cxrclf"
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
}
html_sidebars = {"changelog": [], "auto_examples/index": []}
html_show_sourcelink = False


def skip_tuple_fields(app, what, name, obj, skip, options):
    # Their "Alias for field number 0" repeats the docstring's Attributes, badly.
    return True if type(obj).__name__ == "_tuplegetter" else None


def setup(app):
    app.connect("autodoc-skip-member", skip_tuple_fields)
