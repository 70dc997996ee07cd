"""The version of the service. `make release` changes it here and in the places that `deploy/release.py` names."""

VERSION = "0.2.0"
