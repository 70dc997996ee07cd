"""Requests and answers as pydantic models: they validate what comes in and document both in OpenAPI."""
