"""Programs that tests start by their names, mostly the service with one part changed."""

from __future__ import annotations

BROKEN = "tests.support.programs.broken_engine"
HANGING = "tests.support.programs.hanging_loop"
INSPECTED = "tests.support.programs.inspected_steps"
RAISING = "tests.support.programs.raising"
SLOW_CHILDREN = "tests.support.programs.slow_children"
UNPROVEN = "tests.support.programs.unproven_engine"
WORKER = "tests.support.programs.worker"
SLOW_TEXT_S = 0.02  #: what a text takes a model called `slow…` of the broken engine
