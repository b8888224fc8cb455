# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What differs from release to release, as far as the stand-in shows it."""

from __future__ import annotations

import os

VERSION = os.environ.get("REDASH_STAND_IN_VERSION", "25.8.0")
FAULT = os.environ.get("REDASH_STAND_IN_FAULT", "")
NUMBER = tuple(int(part) for part in VERSION.split("."))

AT_LEAST_10 = NUMBER >= (10,)
AT_LEAST_25 = NUMBER >= (25,)
AT_LEAST_26 = NUMBER >= (26,)

# The schema's revision of each release, newest first.
HEADS = (((25, 8), "db0aca1ebd32"), ((25, 1), "9e8c841d1a30"), ((10,), "89bc7873a3e0"), ((8,), "e5c7a4e2df4d"))
HEAD = next(revision for number, revision in HEADS if number <= NUMBER)

if not AT_LEAST_10:
    QUEUES = ["queries", "scheduled_queries", "celery", "schemas"]
else:
    QUEUES = ["periodic", "emails", "default", "scheduled_queries", "queries", "schemas"]
