"""As much of Redash 8 as queues and sends a mail: a real Celery, and the job as Redash has it."""
