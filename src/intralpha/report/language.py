"""Text: what a page says, in English and in Chinese; a switch on the page shows one of them."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml
from markupsafe import Markup, escape

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Text:
    """A sentence with places for names.

    Attributes
    ----------
    english : with ``{}`` where a name goes
    names : what goes there, the same in both languages unless it is a Text
    """

    english: str
    names: "tuple[str | Text, ...]" = ()

    def told(self, language: str) -> str:
        """The sentence in ``en`` or ``zh``; in English where there is no Chinese."""
        pattern = self.english if language == "en" else chinese(self.english) or self.english
        if not self.names:
            return pattern
        names = (n.told(language) if isinstance(n, Text) else n for n in self.names)
        return pattern.format(*names)

    def __html__(self) -> Markup:
        one, other = (self.told(language) for language in LANGUAGES)
        if one == other:
            return escape(one)
        spans = Markup('<span class="en">{}</span><span class="zh" lang="zh">{}</span>')
        return spans.format(one, other)

    def __str__(self) -> str:
        return self.told("en")


def text(english: "str | Text", *names: "str | Text") -> Text:
    """A sentence, or the one given.

    Parameters
    ----------
    english : with ``{}`` where names go
    names : as many

    Examples
    --------
    >>> said = text("Groups of {}", "gru")
    >>> said.told("en"), said.told("zh")
    ('Groups of gru', 'gru 的分组')
    """
    return english if isinstance(english, Text) else Text(english, names)


def name(given: str) -> Text:
    """A name that is the same in both languages, whatever it says."""
    return Text("{}", (given,))


def chinese(english: str) -> str | None:
    """The Chinese of a sentence, or of its words one by one; None where a word is not known."""
    known = _known()
    if english in known:
        return known[english]
    found = [known.get(word) for word in english.split()]
    return "".join(map(str, found)) if found and None not in found else None


@cache
def _known() -> dict[str, str]:
    path = files("intralpha.report").joinpath("chinese.yaml")
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {str(english): str(told) for english, told in read.items()} | {"{}": "{}"}
