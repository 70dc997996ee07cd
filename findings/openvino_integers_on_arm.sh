#!/bin/sh
# OpenVINO 2026.4.1, 64-bit Arm: integers are multiplied as float32, so that products from 2^24 on are others than on x86-64.
#
# Guess before: a network of integers alone gives on each processor what NumPy gives, as long as no number leaves 32 bits,
# above all with INFERENCE_PRECISION_HINT=f32. Seen: 2507 x 40503 = 101541021 on x86-64 and 101541024 on Arm, although the
# compiled network calls the operation i32. Products below 2^24 and a bitwise and are the same. Whoever computes hashes in
# a network, to look up rows of a table, gets other rows there, without an error.
#
# On Arm it runs as it is. On x86-64 it needs Debian 12 with qemu-user-static: Python for Arm is unpacked into a temporary
# folder, and emulated. Needs a package index, Python 3.11 and some minutes. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >product.py <<'PROGRAM'
import platform

import numpy as np
import openvino as ov
import openvino.opset13 as opset

ids = opset.parameter([-1], np.int64)
product = opset.multiply(ids, opset.constant(np.array(40503, dtype=np.int64)))
last_bits = opset.bitwise_and(product, opset.constant(np.array(0xFFFF, dtype=np.int64)))
network = ov.Model([product, last_bits], [ids])
compiled = ov.Core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
found = compiled([np.array([7, 400, 2507], dtype=np.int64)])
kinds = {
    node.get_rt_info()["runtimePrecision"].value
    for node in compiled.get_runtime_model().get_ops()
    if node.get_rt_info()["layerType"].value == "Eltwise"
}
print(platform.machine(), ov.__version__[:8], *found[0], *found[1], *kinds)
PROGRAM

pip_install() { python3.11 -m pip --quiet --disable-pip-version-check install openvino==2026.4.1 numpy==2.4.6 "$@" 2>/dev/null; }

pip_install --target here
here=$(PYTHONPATH=here python3.11 product.py 2>/dev/null)
echo "$here"
if [ "$(uname -m)" = aarch64 ]; then
  arm=$here
else
  pip_install --target arm --only-binary=:all: --python-version 3.11 --platform manylinux_2_28_aarch64 \
    --platform manylinux_2_35_aarch64
  mkdir -p apt/lists/partial apt/archives/partial debs root
  : >apt/status
  apt="apt-get -qq -o Dir::State=$folder/apt -o Dir::State::status=$folder/apt/status -o Dir::Cache=$folder/apt"
  apt="$apt -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root"
  $apt update
  (cd debs && $apt download python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libc6 libgcc-s1 libstdc++6 \
    libexpat1 zlib1g libssl3 libffi8 libbz2-1.0 liblzma5)
  for deb in debs/*.deb; do dpkg -x "$deb" root; done
  arm=$(PYTHONPATH=arm qemu-aarch64-static -L root root/usr/bin/python3.11 product.py 2>/dev/null)
  echo "$arm"
  [ "$here" = "x86_64 2026.4.1 283521 16201200 101541021 21377 13808 25757 i32" ] || { echo changed; exit 1; }
fi
[ "$arm" = "aarch64 2026.4.1 283521 16201200 101541024 21377 13808 25760 i32" ] || { echo changed; exit 1; }
