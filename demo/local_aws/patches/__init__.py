# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One module for each of MiniStack's services that is mended; ``apply()`` mends it.

A patch wraps or replaces as little as it can and says what the emulator gets wrong. It is written for the
version of MiniStack that requirements-demo.txt pins.
"""
