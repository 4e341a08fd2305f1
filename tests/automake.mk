# SPDX-License-Identifier: Apache-2.0

EXTRA_DIST += \
	tests/README.md \
	tests/conftest.py \
	tests/pytest.ini \
	tests/rig \
	tests/run
