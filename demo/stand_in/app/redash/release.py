# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What differs from release to release, as far as the stand-in shows it."""

from __future__ import annotations

import os

VERSION = os.environ.get("REDASH_STAND_IN_VERSION", "25.8.0")
FAULTS = os.environ.get("REDASH_STAND_IN_FAULT", "").split(".")
NUMBER = tuple(int(part) for part in VERSION.partition("-")[0].split("."))

AT_LEAST_9 = NUMBER >= (9,)
AT_LEAST_10 = NUMBER >= (10,)
AT_LEAST_25 = NUMBER >= (25,)
AT_LEAST_26 = NUMBER >= (26,)

if not AT_LEAST_9:
    QUEUES = ["queries", "scheduled_queries", "celery", "schemas"]
else:
    QUEUES = ["periodic", "emails", "default", "scheduled_queries", "queries", "schemas"]
