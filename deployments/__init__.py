"""Starting AICMO with Prefect on one machine, and putting its deployments on a server."""
