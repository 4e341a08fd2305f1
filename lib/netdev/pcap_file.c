// SPDX-License-Identifier: Apache-2.0
#include "netdev/pcap_file.h"

#include <sys/stat.h>

#include "base/clock.h"

#define SNAPLEN 65535

struct pcap_hdr { /* draft-ietf-opsawg-pcap section 4; in the writer's byte order */
	uint32_t magic;
	uint16_t version_major, version_minor;
	uint32_t reserved[2];
	uint32_t snaplen;
	uint32_t link_type;
};
static_assert(sizeof(struct pcap_hdr) == 24, "draft-ietf-opsawg-pcap section 4");
#define PCAP_MAGIC 0xa1b2c3d4
#define PCAP_ETHERNET 1

struct pcap_record { /* section 5 */
	uint32_t sec, usec;
	uint32_t captured_len, original_len;
};
static_assert(sizeof(struct pcap_record) == 16, "draft-ietf-opsawg-pcap section 5");

FILE *pcap_file_open(const char *path)
{
	FILE *f = fopen(path, "ae");
	struct stat st;

	if (f && !fstat(fileno(f), &st) && !st.st_size) {
		struct pcap_hdr h = {
			.magic = PCAP_MAGIC,
			.version_major = 2,
			.version_minor = 4,
			.snaplen = SNAPLEN,
			.link_type = PCAP_ETHERNET,
		};

		fwrite(&h, sizeof(h), 1, f);
		fflush(f);
	}
	return f;
}

void pcap_file_write(FILE *f, const void *data, uint32_t len)
{
	uint64_t now_ms = clock_wall_ms();
	struct pcap_record r = {
		.sec = now_ms / 1000,
		.usec = now_ms % 1000 * 1000,
		.captured_len = MIN(len, SNAPLEN),
		.original_len = len,
	};

	fwrite(&r, sizeof(r), 1, f);
	fwrite(data, r.captured_len, 1, f);
	fflush(f);
}

void pcap_file_close(FILE *f)
{
	if (f)
		fclose(f);
}
