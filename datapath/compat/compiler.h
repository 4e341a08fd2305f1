/* SPDX-License-Identifier: GPL-2.0 */
/* 6.12 has a name for a variable that is not zeroed although the kernel zeroes all others. */
#ifndef COMPAT_COMPILER_H
#define COMPAT_COMPILER_H

#include <linux/compiler.h>

#ifndef __uninitialized
#if __has_attribute(__uninitialized__)
#define __uninitialized __attribute__((__uninitialized__))
#else
#define __uninitialized
#endif
#endif

#endif
