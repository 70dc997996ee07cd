"""Which children are ended, on a pool that stands in; tests/cluster/test_parent_steps.py asks a real one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from worker.parent.children import Children
from worker.parent.renewal import Renewal


class Child:
    """What is known of a pool process."""

    def __init__(self, inqW_fd: int, *, ending: bool = False) -> None:  # noqa: N803 -- billiard's name
        self.inqW_fd, self._controlled_termination = inqW_fd, ending
        self.pid = 100 + inqW_fd
        self.ended = False

    def terminate_controlled(self) -> None:
        self.ended = self._controlled_termination = True


def pool_of(*children: Child, busy: set[int], writing: set[int]) -> Any:
    return SimpleNamespace(
        _pool=list(children),
        _processes=len(children),
        _busy_workers=busy,
        _active_writes=writing,
        _fileno_to_inq={child.inqW_fd: child for child in children},
        _putlock=SimpleNamespace(shrink=lambda: None),
    )


def children_of(pool: Any) -> Children:
    return Children(SimpleNamespace(_pool=pool))


def test_only_children_that_no_task_was_written_to_are_ended() -> None:
    """billiard calls a child idle until it says that it has accepted its task."""
    working, about_to, ending, idle, idle_too = Child(1), Child(2), Child(3, ending=True), Child(4), Child(5)
    pool = pool_of(working, about_to, ending, idle, idle_too, busy={1, 2}, writing={2})

    children_of(pool).shrink(1)
    assert [child.ended for child in pool._pool] == [False, False, False, True, False]
    assert pool._processes == 4

    pool._pool.remove(idle)
    children_of(pool).shrink(9)
    assert [child.ended for child in pool._pool] == [False, False, False, True]
    assert pool._processes == 3


def test_a_renewal_ends_idle_children_one_at_a_time() -> None:
    working, idle, idle_too = Child(1), Child(2), Child(3)
    pool = pool_of(working, idle, idle_too, busy={1}, writing=set())
    renewal = Renewal()
    renewal.begin(children_of(pool))

    for _ in range(3):
        renewal.step(children_of(pool))
        assert [child.ended for child in (working, idle, idle_too)] == [False, True, False], "the others serve"

    pool._pool.remove(idle)
    renewal.step(children_of(pool))
    assert [child.ended for child in (working, idle_too)] == [False, False], "the one in its place is not there yet"

    fresh = Child(4)
    pool._pool.append(fresh)
    renewal.step(children_of(pool))
    assert [child.ended for child in (working, idle_too)] == [False, False], "it is there, but not warm yet"

    pool._fileno_to_inq[fresh.inqW_fd] = fresh
    renewal.step(children_of(pool))
    assert [child.ended for child in (working, idle_too, fresh)] == [False, True, False]
    assert renewal.in_progress()

    pool._pool[:] = [fresh]
    pool._processes = 1
    renewal.step(children_of(pool))
    assert not renewal.in_progress()
