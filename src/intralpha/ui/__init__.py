"""The local page: runs, artifacts and recipes in a browser of this machine, and nothing written."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.ui.serve import HOST, LocalServer, NoPageError, local_server

lazily(__name__)
