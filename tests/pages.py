"""What a page says to somebody who reads it in English."""

import re
from html import unescape
from pathlib import Path

CHINESE = re.compile(r'<span class="zh"[^>]*>.*?</span>')
ENGLISH = re.compile(r'<span class="en">(.*?)</span>')


def english(path: Path) -> str:
    """The page without its Chinese, and without the marks of the two languages."""
    page = path.read_text(encoding="utf-8")
    return unescape(ENGLISH.sub(r"\1", CHINESE.sub("", page)))
