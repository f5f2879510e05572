"""Both languages say everything."""

from markupsafe import Markup
from tests.report.languages import sentences

from intralpha.report.language import chinese, name, text


def test_every_sentence_of_our_pages_has_a_chinese() -> None:
    found = set(sentences())
    assert len(found) > 150
    assert [one for one in sorted(found) if chinese(one) is None] == []


def test_names_stay_and_words_are_read_one_by_one() -> None:
    said = text("Groups of {}", "{hostile}")
    assert (said.told("en"), said.told("zh")) == ("Groups of {hostile}", "{hostile} 的分组")
    assert name("{x}").told("zh") == "{x}"
    assert text("excess volatility").told("zh") == "超额年化波动率"
    assert text("excess of nobody").told("zh") == "excess of nobody"
    assert 'class="zh" lang="zh">超额<' in text("excess").__html__()
    assert "&lt;" not in Markup("<b>{}</b>").format(text("excess"))
