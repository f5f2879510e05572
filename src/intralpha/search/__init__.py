"""Searches: which settings a study tries next, one kind a file; a function of what was found."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.search.random_search import RandomSpec
    from intralpha.search.space import RangeSpec, Space
    from intralpha.search.spec import SearchSpec, Told
    from intralpha.search.tpe import NoOptunaError, TpeSpec

lazily(__name__)
