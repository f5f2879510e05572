"""The demo: a simulated market and the main job on it, in one folder."""

import shutil
from pathlib import Path

from intralpha.pipeline.listing import find_recipe, place_of
from intralpha.pipeline.plan import plan
from intralpha.pipeline.recipe import load_recipe
from intralpha.pipeline.run import RunResult, execute


def run_demo(folder: Path, fresh: bool = False, overrides: tuple[str, ...] = ()) -> RunResult:
    """Run the recipe ``demo`` with its lake and artifacts inside ``folder``.

    Parameters
    ----------
    folder : made if absent; a second run takes what is finished from it
    fresh : forget what is there
    overrides : further ``a.b=value``
    """
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    path = find_recipe(Path("demo"))
    recipe = load_recipe(path, (f"data.lake={folder / 'lake'}", *overrides), place_of(path))
    return execute(plan(recipe, folder / "runs"))
