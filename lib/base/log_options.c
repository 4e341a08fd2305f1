// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/dirs.h"
#include "base/log.h"
#include "base/options.h"
#include "base/util.h"

LOG_MODULE(vlog);

static char *set_verbose(const struct option_row *row, const char *value)
{
	char *err = log_set_levels(value ? value : "");
	char *text;

	if (!err)
		return NULL;
	text = xasprintf("processing \"%s\": %s", value ? value : "", err);
	free(err);
	return text;
}

static char *set_log_file(const struct option_row *row, const char *value)
{
	char *err = log_open_file(value);

	/* Better a switch without a log than no switch. */
	if (err)
		log_warn("%s", err);
	free(err);
	return NULL;
}

static char *set_syslog_method(const struct option_row *row, const char *value)
{
	return log_set_syslog_method(value);
}

static char *set_syslog_target(const struct option_row *row, const char *value)
{
	return log_set_syslog_target(value);
}

static const struct option_row rows[] = {
	{ "verbose", 'v', OPT_OPTIONAL, "SPEC",
	  "set logging levels: [MODULE:][DESTINATION:]LEVEL (default: dbg everywhere)",
	  set_verbose },
	{ "log-file", 0, OPT_OPTIONAL, "FILE",
	  "log to FILE (default: PROGRAM.log in the log directory)", set_log_file },
	{ "syslog-method", 0, OPT_REQUIRED, "METHOD",
	  "how to reach syslog: libc, null, unix:FILE or udp:IP:PORT", set_syslog_method },
	{ "syslog-target", 0, OPT_REQUIRED, "HOST:PORT", "also send syslog messages there by UDP",
	  set_syslog_target },
};

const struct option_group log_option_group = OPTION_GROUP("Logging options", rows);
