"""The demo: a private Redis, four real Celery workers, a producer and the gateway, in one command (bin/demo)."""
