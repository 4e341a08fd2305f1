# SPDX-License-Identifier: Apache-2.0

noinst_HEADERS += include/drop_reason.h include/ovs_drop_nl.h

EXTRA_DIST += include/README.md
