"""What is neither the API nor a worker: the core, the jobs, the engine, the webhooks and the operator's commands."""
