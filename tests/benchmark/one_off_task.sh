#!/bin/sh
# How one-off tasks were run before: a shell script around the AWS CLI, which waits with the CLI's own waiter
# (a look every 6 s), prints the log only then, and ends with the status of its last command.
# Here to be compared with; nothing in the collection uses it.
#   one_off_task.sh CLUSTER FAMILY SUBNET LOG_GROUP COMMAND_AS_JSON
set -u
AWS=${AWS:-aws}
arn=$($AWS ecs run-task --cluster "$1" --task-definition "$2" --launch-type FARGATE \
    --network-configuration "awsvpcConfiguration={subnets=[$3]}" \
    --overrides "{\"containerOverrides\":[{\"name\":\"task-runner\",\"command\":$5}]}" \
    --query 'tasks[0].taskArn' --output text)
$AWS ecs wait tasks-stopped --cluster "$1" --tasks "$arn"
$AWS logs get-log-events --log-group-name "$4" --log-stream-name "task-runner/task-runner/${arn##*/}" \
    --query 'events[].message' --output text
