// SPDX-License-Identifier: Apache-2.0
/* The one list of the kinds of ports. */
#include "netdev/netdev_provider.h"

#ifdef HAVE_AFXDP
extern const struct netdev_class netdev_afxdp_class;
extern const struct netdev_class netdev_afxdp_nonpmd_class;
#endif
extern const struct netdev_class netdev_dummy_class;
extern const struct netdev_class netdev_dummy_internal_class;
extern const struct netdev_class netdev_dummy_pmd_class;
extern const struct netdev_class netdev_internal_class;
extern const struct netdev_class netdev_patch_class;
extern const struct netdev_class netdev_system_class;
extern const struct netdev_class netdev_tap_class;
extern const struct netdev_class netdev_vport_internal_class;
extern const struct netdev_class netdev_vport_system_class;

const struct netdev_class *const netdev_classes[] = {
	&netdev_system_class,         &netdev_internal_class,       &netdev_tap_class,
	&netdev_patch_class,
#ifdef HAVE_AFXDP
	&netdev_afxdp_class,          &netdev_afxdp_nonpmd_class,
#endif
	&netdev_dummy_class,          &netdev_dummy_internal_class, &netdev_dummy_pmd_class,
	&netdev_vport_internal_class, &netdev_vport_system_class,   NULL,
};
