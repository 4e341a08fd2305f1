# SPDX-License-Identifier: Apache-2.0

# For each target fuzz_X.c two lines here,
#	tests/fuzz/fuzz_X
# in fuzz_programs, and
#	tests_fuzz_fuzz_X_SOURCES = tests/fuzz/fuzz_X.c
#	tests_fuzz_fuzz_X_LDADD = $(FUZZ_LIBS) $(LIB_...)
# Its seeds are files in tests/fuzz/seeds/X/, its dictionary, if any, is tests/fuzz/X.dict.
fuzz_programs = \
	tests/fuzz/fuzz_db_json \
	tests/fuzz/fuzz_db_text \
	tests/fuzz/fuzz_extract \
	tests/fuzz/fuzz_jsonrpc \
	tests/fuzz/fuzz_odp \
	tests/fuzz/fuzz_oplog \
	tests/fuzz/fuzz_ovsdb_txn

tests_fuzz_fuzz_db_json_SOURCES = tests/fuzz/fuzz_db_json.c
tests_fuzz_fuzz_db_json_LDADD = $(FUZZ_LIBS) $(LIB_DB)
tests_fuzz_fuzz_db_text_SOURCES = tests/fuzz/fuzz_db_text.c
tests_fuzz_fuzz_db_text_LDADD = $(FUZZ_LIBS) $(LIB_DB)
tests_fuzz_fuzz_extract_SOURCES = tests/fuzz/fuzz_extract.c
tests_fuzz_fuzz_extract_LDADD = $(FUZZ_LIBS) $(LIB_FLOW)
tests_fuzz_fuzz_jsonrpc_SOURCES = tests/fuzz/fuzz_jsonrpc.c
tests_fuzz_fuzz_jsonrpc_LDADD = $(FUZZ_LIBS) $(LIB_RPC)
tests_fuzz_fuzz_odp_SOURCES = tests/fuzz/fuzz_odp.c
tests_fuzz_fuzz_odp_LDADD = $(FUZZ_LIBS) $(LIB_FLOW)
tests_fuzz_fuzz_oplog_SOURCES = tests/fuzz/fuzz_oplog.c
tests_fuzz_fuzz_oplog_LDADD = $(FUZZ_LIBS) $(LIB_OVSDB)
tests_fuzz_fuzz_ovsdb_txn_SOURCES = tests/fuzz/fuzz_ovsdb_txn.c
tests_fuzz_fuzz_ovsdb_txn_LDADD = $(FUZZ_LIBS) $(LIB_OVSDB)

EXTRA_PROGRAMS += $(fuzz_programs)

EXTRA_DIST += tests/fuzz
