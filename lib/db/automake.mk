# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/db/libdb.a
lib_db_libdb_a_SOURCES =

EXTRA_DIST += lib/db/README.md
