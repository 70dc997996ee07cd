#!/bin/sh
# onnxruntime 1.31.1 with onnx 1.23.2: a preparation for INT8 that fails leaves the network where it was called.
#
# quant_pre_process works in a temporary folder of its own. Where the shape of a result depends on data (here Expand), it
# raises "Incomplete symbolic shape inference", and then two files lie in the working directory: sym_shape_infer_temp.onnx
# and the weights, under a new random name at each try. Of BERT-base each of those is some 400 MB.
# We expected the error, and nothing in the working directory.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install onnxruntime==1.31.1 onnx==1.23.2 sympy==1.14.0
mkdir "$folder/working"
cd "$folder/working"
"$folder/venv/bin/python" - <<'PYTHON'
import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quant_pre_process

weights = np.full((4, 2_000), 0.5, dtype=np.float32)
nodes = [
    helper.make_node("MatMul", ["x", "weights"], ["wide"]),
    helper.make_node("ReduceMax", ["x"], ["largest"], keepdims=0),
    helper.make_node("Cast", ["largest"], ["count"], to=TensorProto.INT64),
    helper.make_node("Unsqueeze", ["count", "first"], ["shape"]),
    helper.make_node("Concat", ["shape", "ones"], ["wanted"], axis=0),
    helper.make_node("Expand", ["wide", "wanted"], ["y"]),
]
known = {"weights": weights, "first": np.array([0]), "ones": np.array([1, 1])}
graph = helper.make_graph(
    nodes,
    "expand",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 4])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["times", "rows", 2_000])],
    [numpy_helper.from_array(array, name) for name, array in known.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.checker.check_model(model)
onnx.save(model, "../in.onnx")
session = onnxruntime.InferenceSession("../in.onnx")
assert session.run(None, {"x": np.full((3, 4), 2, dtype=np.float32)})[0].shape == (2, 3, 2_000), "it is a valid network"

for _ in range(2):
    try:
        quant_pre_process("../in.onnx", "../out.onnx")
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
    else:
        raise SystemExit("changed: it is prepared")
left = {name: Path(name).stat().st_size for name in sorted(os.listdir())}
print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__, "left:", left)
heavy = [name for name, size in left.items() if name.endswith(".data") and size >= weights.nbytes]
if len(heavy) != 2 or "sym_shape_infer_temp.onnx" not in left:
    raise SystemExit("changed: the working directory is as it was")
PYTHON
