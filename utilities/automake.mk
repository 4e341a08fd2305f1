# SPDX-License-Identifier: Apache-2.0

EXTRA_DIST += \
	utilities/README.md \
	utilities/install-deps \
	utilities/quickstart
