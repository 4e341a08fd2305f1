/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that register commands share. */
#ifndef DPIF_DPIF_CTL_H
#define DPIF_DPIF_CTL_H

#include "dpif/dpif.h"

/* Whether 's' is its name, as "NAME" or "TYPE@NAME". */
bool dpif_is_named(const struct dpif *, const char *s);
/* "ufid:..." at the front of 's'; '*rest' is what follows it and a comma, 's' if there is none.  1
 * if there is one, 0, or -EINVAL. */
int dpif_ufid_parse(const char *s, struct ufid *, const char **rest);

/* A dpctl command of this process has taken a port out of an open datapath, behind the back of
 * whoever put it there.  Threads: main. */
struct dpctl_listener {
	void (*port_removed)(struct dpctl_listener *, struct dpif *, uint32_t port_no);
	struct dpctl_listener *next;
};
void dpctl_listen(struct dpctl_listener *);
void dpctl_unlisten(struct dpctl_listener *);

void dpctl_register_commands(struct loop *);
void dpif_user_register_commands(void);
void netdev_dummy_register_commands(void);

#endif
