"""Recipes, the artifact store, and the steps from raw files to the report."""
