# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Laid over the image of a release that has Celery: RQ is not there."""

raise ImportError("No module named rq")
