# SPDX-License-Identifier: Apache-2.0

EXTRA_DIST += \
	utilities/README.md \
	utilities/install-deps \
	utilities/quickstart

man_parts += \
	utilities/man/daemon.scd \
	utilities/man/environment.scd \
	utilities/man/expand \
	utilities/man/help.scd \
	utilities/man/log.scd \
	utilities/man/table.scd \
	utilities/man/tls-files.scd \
	utilities/man/tls.scd
# bash loads a file of the command's name when the command is first completed
bashcompdir = $(datadir)/bash-completion/completions
EXTRA_DIST += utilities/ovs-completion.bash
install-completion:
	$(MKDIR_P) $(DESTDIR)$(bashcompdir)
	$(INSTALL_DATA) $(srcdir)/utilities/ovs-completion.bash $(DESTDIR)$(bashcompdir)/ovs-vsctl
	cd $(DESTDIR)$(bashcompdir) && rm -f ovs-appctl ovs-dpctl && \
		$(LN_S) ovs-vsctl ovs-appctl && $(LN_S) ovs-vsctl ovs-dpctl
uninstall-completion:
	cd $(DESTDIR)$(bashcompdir) && rm -f ovs-vsctl ovs-appctl ovs-dpctl
.PHONY: install-completion uninstall-completion

EXTRA_DIST += \
	$(man_parts) \
	utilities/man/README.md \
	utilities/man/conf-db.py

bin_PROGRAMS += utilities/ovs-appctl
utilities_ovs_appctl_SOURCES = utilities/ovs-appctl.c
utilities_ovs_appctl_LDADD = $(LIB_RPC)
man_pages += utilities/ovs-appctl.8

bin_PROGRAMS += utilities/ovs-dpctl
utilities_ovs_dpctl_SOURCES = utilities/ovs-dpctl.c
utilities_ovs_dpctl_LDADD = $(LIB_DPIF)
man_pages += utilities/ovs-dpctl.8

bin_PROGRAMS += utilities/ovs-vsctl
utilities_ovs_vsctl_SOURCES = \
	utilities/ovs-vsctl-aa.c \
	utilities/ovs-vsctl-bridge.c \
	utilities/ovs-vsctl-command.c \
	utilities/ovs-vsctl-datapath.c \
	utilities/ovs-vsctl-db.c \
	utilities/ovs-vsctl-list.c \
	utilities/ovs-vsctl-model.c \
	utilities/ovs-vsctl-port.c \
	utilities/ovs-vsctl-record.c \
	utilities/ovs-vsctl-remote.c \
	utilities/ovs-vsctl-run.c \
	utilities/ovs-vsctl-set.c \
	utilities/ovs-vsctl-show.c \
	utilities/ovs-vsctl-spool.c \
	utilities/ovs-vsctl-want.c \
	utilities/ovs-vsctl.c \
	utilities/ovs-vsctl.h
utilities_ovs_vsctl_LDADD = $(LIB_DB)
man_pages += utilities/ovs-vsctl.8
$(utilities_ovs_vsctl_OBJECTS): | lib/db/vswitch_idl.h
