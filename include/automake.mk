# SPDX-License-Identifier: Apache-2.0

noinst_HEADERS += include/drop_reason.h

EXTRA_DIST += include/README.md
