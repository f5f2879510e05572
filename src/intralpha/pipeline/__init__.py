"""Recipes, the artifact store, and the steps from raw files to the report."""

from intralpha.pipeline.audit_run import audit_recipe
from intralpha.pipeline.data import ingest_files, quality_text
from intralpha.pipeline.demo import run_demo
from intralpha.pipeline.explore import explore, explore_page
from intralpha.pipeline.listing import find_recipe, list_artifacts, list_recipes, list_runs
from intralpha.pipeline.plan import Plan, Step
from intralpha.pipeline.recipe import Recipe, RecipeError, dump_recipe, load_recipe
from intralpha.pipeline.run import RunResult, execute, plan, render_report

__all__ = [
    "Plan",
    "Recipe",
    "RecipeError",
    "RunResult",
    "Step",
    "audit_recipe",
    "dump_recipe",
    "execute",
    "explore",
    "explore_page",
    "find_recipe",
    "ingest_files",
    "list_artifacts",
    "list_recipes",
    "list_runs",
    "load_recipe",
    "plan",
    "quality_text",
    "render_report",
    "run_demo",
]
