"""AICMO Delivery: executes a client's marketing plan safely and packages it for the client."""

__version__ = "0.1.0"
