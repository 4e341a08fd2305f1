/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that come with the server, one *_ctl.c file for each layer's. */
#ifndef RPC_UNIXCTL_IMPL_H
#define RPC_UNIXCTL_IMPL_H

#include "rpc/unixctl.h"

struct unixctl_command {
	const char *name, *usage;
	int min_args, max_args;
	unixctl_fn *fn;
	void *aux;
};

void coverage_ctl_register(void);
void memory_ctl_register(void);
void time_ctl_register(struct loop *);
void vlog_ctl_register(void);

#endif
