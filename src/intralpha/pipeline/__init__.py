"""Recipes, the store, and the nodes from raw files to the report."""

from intralpha.pipeline.audit_run import audit_recipe
from intralpha.pipeline.demo import run_demo
from intralpha.pipeline.ingest import ingest_files, quality_text
from intralpha.pipeline.listing import (
    collect_garbage,
    find_recipe,
    list_artifacts,
    list_recipes,
    list_runs,
    open_recipe,
)
from intralpha.pipeline.plan import Plan, plan
from intralpha.pipeline.recipe import Recipe, RecipeError, dump_recipe, load_recipe
from intralpha.pipeline.report import render_report
from intralpha.pipeline.run import RunResult, execute
from intralpha.pipeline.store import Store

__all__ = [
    "Plan",
    "Recipe",
    "RecipeError",
    "RunResult",
    "Store",
    "audit_recipe",
    "collect_garbage",
    "dump_recipe",
    "execute",
    "find_recipe",
    "ingest_files",
    "list_artifacts",
    "list_recipes",
    "list_runs",
    "load_recipe",
    "open_recipe",
    "plan",
    "quality_text",
    "render_report",
    "run_demo",
]
