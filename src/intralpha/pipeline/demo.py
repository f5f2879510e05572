"""The demo: a simulated market and the main job on it, in one folder."""

import shutil
from pathlib import Path

from intralpha.pipeline.listing import find_recipe
from intralpha.pipeline.recipe import load_recipe
from intralpha.pipeline.run import RunResult, execute, plan


def run_demo(folder: Path, fresh: bool = False, overrides: tuple[str, ...] = ()) -> RunResult:
    """Run the recipe ``demo`` with its lake and artifacts inside ``folder``.

    Parameters
    ----------
    folder : made if absent; a second run takes finished steps from it
    fresh : forget what is there
    overrides : further ``a.b=value``
    """
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    lake = f"data.lake={folder / 'lake'}"
    recipe = load_recipe(find_recipe(Path("demo")), (lake, *overrides))
    return execute(plan(recipe, folder / "runs"))
