"""Celery apps that the workers of tests and demo run."""
