// SPDX-License-Identifier: Apache-2.0
#include "base/dirs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/util.h"
#include "tests/unit/base/unit.h"

static const char *const variables[] = { "OVS_RUNDIR",     "OVS_LOGDIR",     "OVS_DBDIR",
					 "OVS_SYSCONFDIR", "OVS_PKGDATADIR", "OVS_BINDIR" };

/* The directories are read once in a process, so each case has one. */
static int in_child(bool (*check)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
			unsetenv(variables[i]);
		_exit(check() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool defaults(void)
{
	return streq(dir_run(), RUNDIR) && streq(dir_log(), LOGDIR) && streq(dir_db(), DBDIR) &&
	       streq(dir_sysconf(), SYSCONFDIR) && streq(dir_pkgdata(), PKGDATADIR) &&
	       streq(dir_bin(), BINDIR);
}

static bool empty_is_unset(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		setenv(variables[i], "", 1);
	return defaults();
}

static bool each(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		setenv(variables[i], variables[i], 1);
	return streq(dir_run(), "OVS_RUNDIR") && streq(dir_log(), "OVS_LOGDIR") &&
	       streq(dir_db(), "OVS_DBDIR") && streq(dir_sysconf(), "OVS_SYSCONFDIR") &&
	       streq(dir_pkgdata(), "OVS_PKGDATADIR") && streq(dir_bin(), "OVS_BINDIR");
}

static bool db_below_sysconf(void)
{
	setenv("OVS_SYSCONFDIR", "/x/etc", 1);
	return streq(dir_db(), "/x/etc/openvswitch");
}

static void test_dirs(void **state)
{
	assert_int_equal(in_child(defaults), 0);
	assert_int_equal(in_child(empty_is_unset), 0);
	assert_int_equal(in_child(each), 0);
	assert_int_equal(in_child(db_below_sysconf), 0);
}

static void test_path_in(void **state)
{
	char *p = path_in("/dir", "name");

	assert_string_equal(p, "/dir/name");
	free(p);
	p = path_in("/dir", "/abs");
	assert_string_equal(p, "/abs");
	free(p);
	p = path_in("/dir", "");
	assert_string_equal(p, "/dir/");
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dirs),
		cmocka_unit_test(test_path_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
