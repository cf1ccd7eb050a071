#!/usr/bin/env bash
# Once, when Gradescope builds the image: what a hand-in needs to run. Beside it in the zip are `run_autograder`, the
# program `faultlab` (of a release build for Linux) and `requirements.txt`, with Dapr's SDK, FastAPI and uvicorn.
set -euo pipefail

apt-get update
apt-get install --yes python3 python3-venv
python3 -m venv /autograder/venv
/autograder/venv/bin/pip install --requirement /autograder/source/requirements.txt
chmod +x /autograder/source/faultlab
