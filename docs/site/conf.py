"""Sphinx settings of the site; build.py lays out the pages and runs it."""

import re
from html import escape

from docutils import nodes
from docutils.utils.math import MathError, pick_math_environment
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

project = "intralpha"
author = "The intralpha developers"
language = "en"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
extensions += ["sphinx_markdown_builder"]
source_suffix = {".md": "markdown"}
root_doc = "index"

myst_heading_anchors = 6  # as GitHub gives them, so that a link works there, too
myst_links_external_new_tab = False

# A word of a type's description, such as "names", is taken for a name that several classes have.
suppress_warnings = ["ref.python"]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "intralpha"
html_copy_source = False  # every page's Markdown stands beside it
html_show_sourcelink = False
html_show_copyright = False
html_permalinks_icon = "#"
pygments_style = "sphinx"
pygments_dark_style = "monokai"
html_math_renderer = "mathml"  # nothing is fetched from elsewhere: the site opens offline


def setup(app: Sphinx) -> None:
    """Formulas as MathML, which browsers draw by themselves; the ``*`` of a signature is a star."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.add_node(nodes.abbreviation, override=True, markdown=(_as_it_is, _as_it_is))


def _as_it_is(translator: nodes.NodeVisitor, node: nodes.Node) -> None:
    """Nothing around the text of a node."""


def _inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(_mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def _block(translator: HTML5Translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{_mathml(node.astext(), as_block=True)}</div>\n')
    raise nodes.SkipNode


def _mathml(tex: str, as_block: bool) -> str:
    """MathML, or the formula as it is written where it has a command that is not known."""
    aligned = pick_math_environment(tex).startswith("align")
    plain = re.sub(r"\\[bB]igg?[lrm]?(?![a-zA-Z])", "", tex)
    try:
        written = rf"\begin{{align*}}{plain}\end{{align*}}" if aligned else plain
        return str(tex2mathml(written, as_block=as_block))
    except MathError:
        return f"<code>{escape(tex)}</code>"
