"""Redis, workers and gateway together, and a producer's side to send tasks with."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis
from celery import Celery

from .gateway import Gateway
from .redis_server import RedisServer
from .workers import Worker, WorkerSpec


class Stack:
    """Starts the parts in order; `stop` ends all of them, also after a failed start."""

    def __init__(
        self,
        folder: Path,
        specs: Sequence[WorkerSpec] = (),
        *,
        durable: bool = False,
        redis_options: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.redis_server = RedisServer(folder / 'redis', durable=durable, options=list(redis_options))
        self.specs = list(specs)
        self.workers: dict[str, Worker] = {}
        self.gateway: Gateway | None = None
        self._app: Celery | None = None

    def start(self, *, gateway: bool = True, listen: str = '127.0.0.1:0', gateway_options: Sequence[str] = ()) -> Stack:
        try:
            self.redis_server.start()
            for spec in self.specs:
                self.launch_worker(spec)
            if gateway:
                self.gateway = Gateway(self.broker, self.folder, backend=self.backend, listen=listen, options=gateway_options)
                self.gateway.launch().wait_listening()
            for worker in self.workers.values():
                worker.wait_ready()
            if self.gateway:
                self.gateway.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def launch_worker(self, spec: WorkerSpec) -> Worker:
        worker = Worker(spec, self.broker, self.backend, self.folder).launch()
        self.workers[spec.name] = worker
        return worker

    def start_worker(self, spec: WorkerSpec) -> Worker:
        return self.launch_worker(spec).wait_ready()

    @property
    def broker(self) -> str:
        return self.redis_server.url(0)

    @property
    def backend(self) -> str:
        return self.redis_server.url(1)

    @property
    def running_gateway(self) -> Gateway:
        assert self.gateway is not None
        return self.gateway

    def redis(self, db: int = 0) -> redis.Redis:
        return self.redis_server.client(db)

    @property
    def app(self) -> Celery:
        """A producer: a Celery app with our broker and no tasks of its own.

        It has no result backend: an AsyncResult would unsubscribe when it is collected, also from a Redis that a test has
        stopped. Workers store results all the same; `result` reads them.
        """
        if self._app is None:
            app = Celery('producer', broker=self.broker, set_as_current=False)
            app.conf.update(task_send_sent_event=True, broker_connection_retry=True, broker_connection_max_retries=None)
            self._app = app
        return self._app

    def revive_workers(self, timeout: float = 30) -> list[str]:
        """Starts those workers anew that do not answer a ping of Celery's own: now and then a worker stays deaf
        after its broker was gone twice. Gives the names of these."""
        deaf = {worker.node: worker for worker in self.workers.values()}
        end = time.monotonic() + timeout
        while deaf and time.monotonic() < end:
            for answer in self.app.control.ping(destination=list(deaf), timeout=2) or []:
                for node in answer:
                    deaf.pop(node, None)
        for worker in deaf.values():
            worker.kill()
            worker.start()
        return list(deaf)

    def send(self, name: str, *args: Any, queue: str = 'celery', **options: Any) -> str:
        """Publishes a task with the real client and gives its id."""
        kwargs = options.pop('kwargs', None)
        return str(self.app.send_task(name, args=args, kwargs=kwargs, queue=queue, **options).id)

    def result(self, task_id: str) -> dict[str, Any] | None:
        """What the result backend says, None if it says nothing."""
        stored = self.redis(1).get(f'celery-task-meta-{task_id}')
        return json.loads(stored) if stored else None

    def queue_length(self, queue: str) -> int:
        """Messages of a queue over all its priority keys."""
        keys = [queue] + [f'{queue}\x06\x16{step}' for step in (3, 6, 9)]
        client = self.redis()
        return sum(int(client.llen(key)) for key in keys)

    def waiting(self, queue: str, step: int = 0) -> list[bytes]:
        """The messages on one of a queue's lists, as Redis has them; the one that is taken next comes first."""
        found: Any = self.redis().lrange(f'{queue}\x06\x16{step}' if step else queue, 0, -1)
        return [bytes(message) for message in reversed(found)]

    def publish_raw(self, channel: str, payload: bytes | str) -> int:
        """PUBLISH as anybody could."""
        return int(self.redis().publish(channel, payload))

    def stop(self) -> None:
        if self._app is not None:
            self._app.close()
            self._app = None
        if self.gateway:
            self.gateway.stop(5)
        for worker in self.workers.values():
            worker.kill()
        self.redis_server.stop()


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f'{prefix}-{uuid.uuid4().hex[:8]}'
