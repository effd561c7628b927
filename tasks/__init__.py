"""Prefect tasks: one retriable step each, primitives in, one call to the core, its result out."""
