/* SPDX-License-Identifier: GPL-2.0 */
/* skb_gso_segment() has had a header of its own since 6.5. */
#ifndef DATAPATH_COMPAT_GSO_H
#define DATAPATH_COMPAT_GSO_H

#include <linux/netdevice.h>

#include "compat_config.h"

#ifdef HAVE_NET_GSO_H
#include <net/gso.h>
#endif

#endif
