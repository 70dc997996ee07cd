#!/bin/sh
# Make a virtual environment for the peer of tools/benchmarks/front_door.py: mosec, apart from ours. What runs the
# network has our versions.
#   tools/benchmarks/make_mosec_env.sh DIR
set -eu
dir=${1:?usage: $0 DIR}
python3 -m venv "$dir"
locked=$(sed -nE 's/^((numpy|openvino|tokenizers)==[^ ]+).*/\1/p' "$(dirname "$0")/../../requirements/worker.txt")
# shellcheck disable=SC2086  # one word a requirement
"$dir/bin/pip" install --quiet mosec==0.9.8 $locked
