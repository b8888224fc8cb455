# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""As much of the AWS CLI as one_off_task.sh uses, where the CLI itself is not installed.

It uses the waiter of botocore, as the CLI does, so the waiting is the CLI's own.
"""

from __future__ import annotations

import json
import re
import sys

import boto3


def main() -> None:
    service, verb, *rest = sys.argv[1:]
    client = boto3.client(service)  # endpoint and keys come from the environment
    if verb == "wait":
        verb, *rest = rest
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    match verb:
        case "run-task":
            subnets = re.search(r"subnets=\[(.*?)\]", options["--network-configuration"])
            answer = client.run_task(
                cluster=options["--cluster"],
                taskDefinition=options["--task-definition"],
                launchType="FARGATE",
                networkConfiguration={"awsvpcConfiguration": {"subnets": subnets[1].split(",") if subnets else []}},
                overrides=json.loads(options["--overrides"]),
            )
            print(answer["tasks"][0]["taskArn"])
        case "tasks-stopped":
            client.get_waiter("tasks_stopped").wait(cluster=options["--cluster"], tasks=[options["--tasks"]])
        case "get-log-events":
            answer = client.get_log_events(
                logGroupName=options["--log-group-name"], logStreamName=options["--log-stream-name"], startFromHead=True
            )
            print("\t".join(event["message"] for event in answer["events"]))


if __name__ == "__main__":
    main()
