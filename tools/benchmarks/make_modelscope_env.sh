#!/bin/sh
# Make a virtual environment for tools/benchmarks/modelscope_baseline.py: ModelScope's own pipeline, apart from ours.
#   tools/benchmarks/make_modelscope_env.sh DIR
set -eu
dir=${1:?usage: $0 DIR}
python3 -m venv "$dir"
"$dir/bin/pip" install --quiet torch==2.13.0
# torch once more, so that no dependency replaces it
"$dir/bin/pip" install --quiet torch==2.13.0 'modelscope[framework]==1.40.2' transformers==4.57.6
