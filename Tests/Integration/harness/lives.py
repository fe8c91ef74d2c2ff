"""Lives of tasks as Celery's workers tell them, made up from a seed: what truly happened, and the events about it.

The truth is known because the life was made first. Then the news of it suffers: late, twice, in any order, by clocks that are
wrong. Order, repetition and silence in each kind of life are those measured with real workers (retry before its own next
receipt, `Reject` that fails first, time limits that fail twice, a success after a terminate …).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]

NAMES = ('mail.send', 'report.build', 'image.resize', 'sync.crm', 'bill.charge', 'ünïcode.näme', 'a' * 120)
QUEUES = ('celery', 'mail', 'slow', 'low priority')
TEXTS = (
    "('plain', 1)",
    '(\'quo"ted\', "it\'s")',
    '(\'back\\\\slash\\n\', "tab\\t")',
    "('ünï¢ødé 🥬',)",
    '',
    "('" + 'x' * 1019 + "')",
)


@dataclass(frozen=True)
class Host:
    """A worker, and how far its clock is ahead of ours."""

    name: str
    pid: int
    skew: float


@dataclass
class Life:
    """One task: its events in the order in which they happened, and what is true in the end."""

    kind: str
    uuid: str
    events: list[Event] = field(default_factory=list)
    truth: dict[str, Any] = field(default_factory=dict)
    started_at: float = 0


class LifeMaker:
    """Makes lives. Times are seconds on our clock; each event carries its sender's."""

    def __init__(self, seed: int, hosts: list[Host], now: float) -> None:
        self.random = random.Random(seed)
        self.hosts = hosts
        self.now = now
        self.made: list[str] = []
        self._life = Life('', '')
        self._text: dict[str, Any] = {}
        self._clock = 0
        self._tasks: dict[str, Callable[[float], None]] = {
            name[5:]: getattr(self, name) for name in sorted(dir(self)) if name.startswith('live_')
        }
        self.kinds = sorted(self._tasks)

    def uuid(self) -> str:
        bits = f'{self.random.getrandbits(128):032x}'
        return '-'.join((bits[:8], bits[8:12], bits[12:16], bits[16:20], bits[20:]))

    def make(self, kind: str, at: float) -> Life:
        """A life of this kind that begins at a time."""
        chance = self.random
        self._life = Life(kind, self.uuid(), started_at=at)
        parent = chance.choice(self.made[-200:]) if self.made and chance.random() < 0.3 else None
        self._text = {
            'name': chance.choice(NAMES),
            'args': chance.choice(TEXTS),
            'kwargs': chance.choice(('{}', "{'a': 1}", TEXTS[3])),
            'root_id': parent or self._life.uuid,
            'parent_id': parent,
            'eta': None,
            'expires': chance.choice((None, None, None, '2031-01-01T00:00:00+00:00')),
        }
        self._life.truth = {'state': 'PENDING', 'retries': 0, 'redelivered': 0, 'parent_id': parent}
        self.made.append(self._life.uuid)
        self._tasks[kind](at)
        life = self._life
        kinds = {event['type'] for event in life.events}
        described = kinds & {'task-received', 'task-sent'}
        for name in ('name', 'args', 'kwargs', 'root_id', 'expires'):
            life.truth[name] = self._text[name] if described else None
        if not described:
            life.truth['parent_id'] = None
        return life

    # Events -------------------------------------------------------------------------------------------------------------

    def _event(self, kind: str, at: float, host: Host, **fields: Any) -> None:
        self._clock += self.random.randint(0, 3)
        self._life.events.append(
            {
                'type': f'task-{kind}',
                'uuid': self._life.uuid,
                'hostname': host.name,
                'pid': host.pid,
                'utcoffset': self.random.choice((0, 0, -5.5, 8)),
                'clock': self._clock,
                'timestamp': at + host.skew,
                **fields,
            }
        )

    def _sent(self, at: float, retries: int = 0) -> None:
        queue = self.random.choice(QUEUES)
        client = Host(f'gen{self.random.randint(1, 3)}@client', 900, 0)
        own = {'queue': queue, 'exchange': '', 'routing_key': queue, 'retries': retries}
        if 'queue' not in self._life.truth:
            self._life.truth['queue'] = queue
        else:
            own['queue'] = own['routing_key'] = self._life.truth['queue']
        if retries:
            # A retried task names itself as its parent.
            own['parent_id'] = self._life.uuid
        self._event('sent', at, client, **{**self._text, **own})
        self._tell(sent=at, retries=retries)

    def _received(self, at: float, host: Host, retries: int = 0) -> None:
        text = dict(self._text)
        if retries:
            # A retried task names itself as its parent.
            text['parent_id'] = self._life.uuid
        self._event('received', at, host, **text, retries=retries)
        self._tell(state='RECEIVED', received=at, worker=host.name, retries=retries)

    def _started(self, at: float, host: Host) -> None:
        self._event('started', at, host)
        self._tell(state='STARTED', started=at, worker=host.name)

    def _succeeded(self, at: float, host: Host) -> None:
        result, runtime = self.random.choice(TEXTS), self.random.choice((None, 0.25, 3.5))
        self._event('succeeded', at, host, result=result, runtime=runtime)
        self._tell(state='SUCCESS', finished=at, result=result, runtime=runtime, worker=host.name)

    def _failed(self, at: float, host: Host, exception: str = "ValueError('x')") -> None:
        self._event('failed', at, host, exception=exception, traceback='Traceback …\n  line')
        self._tell(state='FAILURE', finished=at, exception=exception, worker=host.name)

    def _retried(self, at: float, host: Host) -> None:
        self._event('retried', at, host, exception='Retry in 1s', traceback='T')
        self._tell(state='RETRY', finished=at, exception='Retry in 1s', worker=host.name)

    def _revoked(self, at: float, host: Host, *, terminated: bool = False, expired: bool = False) -> None:
        signum = self.random.choice((9, 15, 'SIGTERM')) if terminated else None
        self._event('revoked', at, host, terminated=terminated, signum=signum, expired=expired)
        self._tell(state='REVOKED', finished=at, worker=host.name, terminated=terminated)

    def _tell(self, **truth: Any) -> None:
        self._life.truth.update(truth)

    def _new_attempt(self) -> None:
        """What the attempt before left behind is not shown of the next one."""
        for name in ('sent', 'received', 'started', 'finished', 'exception', 'result', 'runtime'):
            self._life.truth.pop(name, None)

    def _host(self, other: Host | None = None) -> Host:
        return self.random.choice([host for host in self.hosts if host is not other])

    def _begin(self, at: float) -> tuple[Host, float]:
        """Perhaps sent, then received."""
        host = self._host()
        if self.random.random() < 0.5:
            self._sent(at)
        at += self.random.uniform(0.01, 3)
        self._received(at, host)
        return host, at + self.random.uniform(0.01, 3)

    def _run(self, at: float) -> tuple[Host, float]:
        host, at = self._begin(at)
        self._started(at, host)
        return host, at + self.random.uniform(0.05, 5)

    # Kinds --------------------------------------------------------------------------------------------------------------

    def live_success(self, at: float) -> None:
        host, at = self._run(at)
        self._succeeded(at, host)

    def live_failure(self, at: float) -> None:
        host, at = self._run(at)
        self._failed(at, host)

    def live_sent_only(self, at: float) -> None:
        self._sent(at)

    def live_waiting(self, at: float) -> None:
        self._begin(at)

    def live_running(self, at: float) -> None:
        self._run(at)

    def live_ignored(self, at: float) -> None:
        self._run(at)

    def live_progress(self, at: float) -> None:
        host, at = self._run(at)
        child = Host(host.name, host.pid + 1, host.skew)
        for step in range(3):
            self._event('progress', at, child, current=step, total=3, note='ü"')
            at += 0.1
        self._tell(state='PROGRESS')
        if self.random.random() < 0.6:
            self._succeeded(at, host)

    def live_retried(self, at: float) -> None:
        host, at = self._run(at)
        retries = self.random.randint(1, 3)
        for number in range(1, retries + 1):
            # The next attempt is published and often received before the event of the retry.
            ended = at
            was = host
            self._new_attempt()
            if self.random.random() < 0.5:
                self._sent(at, number)
            host = was if self.random.random() < 0.5 else self._host(was)
            # Another host's clock may be as wrong as is taken for delay.
            at += 0.002 if host is was else 6
            self._received(at, host, number)
            self._event('retried', ended + 0.004, was, exception='Retry in 1s', traceback='T')
            at += self.random.uniform(0.05, 2)
            self._started(at, host)
            at += self.random.uniform(0.05, 2)
        if self.random.random() < 0.8:
            self._succeeded(at, host)
        else:
            self._failed(at, host)

    def live_waits_for_retry(self, at: float) -> None:
        host, at = self._run(at)
        self._retried(at, host)

    def live_revoked_waiting(self, at: float) -> None:
        host, at = self._begin(at)
        self._revoked(at, host)

    def live_expired(self, at: float) -> None:
        self._revoked(at, self._host(), expired=True)

    def live_terminated(self, at: float) -> None:
        host, at = self._run(at)
        self._revoked(at, host, terminated=True)

    def live_terminated_in_gevent(self, at: float) -> None:
        host, at = self._run(at)
        self._revoked(at, host, terminated=True)
        self._event('succeeded', at + 0.5, host, result="'late'", runtime=1.0)

    def live_rejected(self, at: float) -> None:
        host, at = self._run(at)
        self._failed(at, host, 'Reject()')
        self._event('rejected', at + 0.001, host, requeue=False)

    def live_rejected_and_requeued(self, at: float) -> None:
        host, at = self._run(at)
        for _ in range(self.random.randint(1, 3)):
            self._event('rejected', at, host, requeue=True)
            at += 0.05
            self._new_attempt()
            self._received(at, host)
            self._started(at + 0.01, host)
            at += 0.05
            self._life.truth['redelivered'] += 1
        self._succeeded(at, host)

    def live_time_limit(self, at: float) -> None:
        host, at = self._run(at)
        self._failed(at, host, 'ExceptionWithTraceback()')
        self._event('failed', at + 0.01, host, exception='ExceptionWithTraceback()', traceback='T')

    def live_redelivered(self, at: float) -> None:
        first, at = self._run(at)
        at += 10
        second = self._host(first)
        self._new_attempt()
        self._received(at, second)
        self._started(at + 1, second)
        self._tell(redelivered=1)
        if self.random.random() < 0.5:
            # The first one was only slow.
            self._event('succeeded', at + 8, first, result="'first'", runtime=20.0)
        self._succeeded(at + 16, second)

    def live_replaced(self, at: float) -> None:
        host, at = self._run(at)
        at += 2
        self._new_attempt()
        self._received(at, host)
        self._started(at + 0.1, host)
        self._tell(redelivered=1)
        self._succeeded(at + 2, host)

    def live_cancelled(self, at: float) -> None:
        host, at = self._run(at)
        self._event('cancelled', at, host)
        self._tell(state='CANCELLED', finished=at, worker=host.name)

    def live_unregistered(self, at: float) -> None:
        host = self._host()
        self._event('failed', at, host, exception="NotRegistered('gone.task')")
        self._tell(state='FAILURE', finished=at, exception="NotRegistered('gone.task')", worker=host.name)

    def live_half_heard(self, at: float) -> None:
        """One event of a plain life was lost."""
        host, at = self._run(at)
        self._succeeded(at, host)
        lost = self.random.choice(('task-received', 'task-started'))
        self._life.events = [event for event in self._life.events if event['type'] != lost]
        self._life.truth.pop(lost[5:])

    def live_impossible(self, at: float) -> None:
        """No life at all: any events, any number of them, any times. What Flower makes of it is still to be agreed with."""
        makers: list[Callable[[float, Host], None]] = [
            self._received,
            self._started,
            self._succeeded,
            self._failed,
            self._retried,
            self._revoked,
            lambda at, _: self._sent(at),
            lambda at, host: self._event('rejected', at, host, requeue=False),
            lambda at, host: self._event('cancelled', at, host),
            lambda at, host: self._event('my-step', at, host, deep={'a': [1, None, 'ü']}, n=1.5, flag=True, nothing=None),
        ]
        for _ in range(self.random.randint(1, 12)):
            self.random.choice(makers)(at + self.random.uniform(-30, 30), self._host())

    # What the news suffers ----------------------------------------------------------------------------------------------

    def spoil(self, events: list[Event]) -> list[Event]:
        """The order of arrival: as it was, neighbors changed, or any; some events twice."""
        events = list(events)
        way = self.random.random()
        if way < 0.2:
            self.random.shuffle(events)
        elif way < 0.45:
            for place in range(len(events) - 1):
                if self.random.random() < 0.4:
                    events[place], events[place + 1] = events[place + 1], events[place]
        if self.random.random() < 0.2:
            for event in self.random.choices(events, k=self.random.randint(1, 3)):
                events.insert(self.random.randint(0, len(events)), event)
        return events
