"""Tools for the service in docker-compose."""
