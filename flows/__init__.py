"""Prefect flows: when, and in what order. What they do is in the tasks and the core."""
