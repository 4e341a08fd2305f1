# SPDX-License-Identifier: Apache-2.0

sbin_PROGRAMS += vswitchd/ovs-vswitchd
vswitchd_ovs_vswitchd_SOURCES = vswitchd/main.c
vswitchd_ovs_vswitchd_LDADD = $(LIB_VSWITCHD_BRIDGE)

man_pages += vswitchd/ovs-vswitchd.8

EXTRA_DIST += \
	vswitchd/README.md \
	vswitchd/vswitch.doc

dist_pkgdata_DATA += vswitchd/vswitch.ovsschema

# The manual page of the database, from its schema and what vswitch.doc says of it.
conf_db_page = vswitchd/ovs-vswitchd.conf.db.5
if HAVE_SCDOC
man_MANS += $(conf_db_page)
endif
CLEANFILES += $(conf_db_page)
$(conf_db_page): vswitchd/vswitch.ovsschema vswitchd/vswitch.doc utilities/man/conf-db.py
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(PYTHON) $(srcdir)/utilities/man/conf-db.py $(srcdir)/vswitchd/vswitch.ovsschema \
		$(srcdir)/vswitchd/vswitch.doc >$@.scd && \
	$(SCDOC) <$@.scd >$@.tmp && rm $@.scd && mv $@.tmp $@
