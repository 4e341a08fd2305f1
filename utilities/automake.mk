# SPDX-License-Identifier: Apache-2.0

EXTRA_DIST += \
	utilities/README.md \
	utilities/install-deps \
	utilities/quickstart

bin_PROGRAMS += utilities/ovs-appctl
utilities_ovs_appctl_SOURCES = utilities/ovs-appctl.c
utilities_ovs_appctl_LDADD = $(LIB_RPC)
man_pages += utilities/ovs-appctl.8
