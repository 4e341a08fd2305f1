# SPDX-License-Identifier: Apache-2.0

# The replica, and what its generator makes from the schema of the switch.
lib_db_libdb_a_SOURCES += \
	lib/db/idl.c \
	lib/db/idl.h \
	lib/db/idl_private.h \
	lib/db/idl_request.c \
	lib/db/idl_row.c \
	lib/db/idl_txn.c \
	lib/db/idl_typed.c \
	lib/db/idl_update.c \
	lib/db/idl_write.c
nodist_lib_db_libdb_a_SOURCES = \
	lib/db/vswitch_idl.c \
	lib/db/vswitch_idl.h

BUILT_SOURCES += lib/db/vswitch_idl.h
CLEANFILES += lib/db/vswitch_idl.c lib/db/vswitch_idl.h
EXTRA_DIST += lib/db/idlgen.py

# One run of the generator writes both files, the header last: a parallel make starts it once, and
# an object that includes the header is made after it.
lib/db/vswitch_idl.c: vswitchd/vswitch.ovsschema lib/db/idlgen.py
	$(AM_V_GEN)$(MKDIR_P) lib/db && \
	$(PYTHON) $(srcdir)/lib/db/idlgen.py $(srcdir)/vswitchd/vswitch.ovsschema ovsrec \
		lib/db/vswitch_idl.h $@
lib/db/vswitch_idl.h: lib/db/vswitch_idl.c
	$(AM_V_at)test -f $@ || { rm -f $< && $(MAKE) $(AM_MAKEFLAGS) $<; }
$(lib_db_libdb_a_OBJECTS): | lib/db/vswitch_idl.h
