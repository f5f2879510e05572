"""Recipes, the store, and the nodes from raw files to the report."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.pipeline.audit_run import audit_dates, audit_recipe
    from intralpha.pipeline.certificate import certify
    from intralpha.pipeline.compare import NoRunError, compare_runs
    from intralpha.pipeline.demo import run_demo
    from intralpha.pipeline.export import export_tables, known_forms, run_tables
    from intralpha.pipeline.factor_files import factor_file_recipe
    from intralpha.pipeline.filed_study import FiledStudy, file_study, filed_studies
    from intralpha.pipeline.ingest import ingest_files, lake_quality
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
    from intralpha.pipeline.reference import (
        UnknownKeyError,
        explain_key,
        keys_page,
        recipe_schema,
    )
    from intralpha.pipeline.report import render_report
    from intralpha.pipeline.run import RunResult, execute
    from intralpha.pipeline.store import Store
    from intralpha.pipeline.study import render_study, run_study
    from intralpha.pipeline.study_result import StudyResult
    from intralpha.pipeline.trials import Study, StudyError, plan_study

lazily(__name__)
