/* SPDX-License-Identifier: Apache-2.0 */
/* Writes frames to a capture file (the classic pcap format, microseconds, Ethernet).
 * Threads: one at a time for a file. */
#ifndef NETDEV_PCAP_FILE_H
#define NETDEV_PCAP_FILE_H

#include <stdio.h>

#include "base/compiler.h"

/* Opens 'path' to append; an empty or new file gets a header.  NULL with errno. */
FILE *pcap_file_open(const char *path);
/* Adds one frame with the time of the project's clock, and flushes. */
void pcap_file_write(FILE *, const void *data, uint32_t len);
void pcap_file_close(FILE *); /* NULL is nothing */

#endif
