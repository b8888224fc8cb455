"""A worker of the queues named on the command line, forking for each job as Redash's does."""

import sys

from redash import create_app, rq_redis_connection
from rq import Queue, Worker

with create_app().app_context():
    Worker([Queue(name, connection=rq_redis_connection) for name in sys.argv[1:]], connection=rq_redis_connection).work()
