#!/usr/bin/env python3
from redash.cli import manager

if __name__ == "__main__":
    manager()
