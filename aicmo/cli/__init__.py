"""The `aicmo` command."""
