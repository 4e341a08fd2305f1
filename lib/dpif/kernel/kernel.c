// SPDX-License-Identifier: Apache-2.0
#include "dpif/dpif_provider.h"
#include "dpif/kernel/knl.h"

char *dpif_kernel_probe(void)
{
	return knl_families_resolve();
}

const struct dpif_class dpif_kernel_class = { .type = "system" };
