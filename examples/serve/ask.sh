#!/bin/sh
# Asks a gateway: sh ask.sh ADDRESS MODEL QUESTION. The question may hold no quotes: this script escapes nothing.
set -eu
address=${1:?usage: sh ask.sh ADDRESS MODEL QUESTION}
model=${2:?usage: sh ask.sh ADDRESS MODEL QUESTION}
question=${3:?usage: sh ask.sh ADDRESS MODEL QUESTION}
exec curl --silent --show-error --fail-with-body --no-buffer "${address%/}/v1/chat/completions" \
    --header "Content-Type: application/json" --header "Authorization: Bearer ${CLAWFT_TOKEN:-}" \
    --data "{\"model\": \"$model\", \"stream\": true, \"messages\": [{\"role\": \"user\", \"content\": \"$question\"}]}"
