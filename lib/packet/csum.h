/* SPDX-License-Identifier: Apache-2.0 */
/* Internet checksums (RFC 1071, RFC 1624) and the CRC of SCTP. A sum is the ones' complement sum of
 * 16-bit words, in the byte order of the octets, not complemented and not yet folded: sums of
 * even-sized parts add up. */
#ifndef PACKET_CSUM_H
#define PACKET_CSUM_H

#include "packet/packet.h"

/* 'sum' and 'n' more octets; only the last part may be of odd size. */
uint64_t csum_add(uint64_t sum, const void *, size_t n);
/* Folded, not complemented: what the field of a partial checksum holds. */
be16 csum_fold(uint64_t sum);
/* Folded and complemented: what stands in a header. */
static inline be16 csum_finish(uint64_t sum)
{
	return ~csum_fold(sum);
}
/* The checksum of 'n' octets, as it stands in a header if the field was 0. */
be16 csum(const void *, size_t n);
uint64_t csum_pseudo_ipv4(be32 src, be32 dst, uint8_t proto, uint32_t len);
/* Addresses: 16 octets anywhere. */
uint64_t csum_pseudo_ipv6(const void *src, const void *dst, uint8_t proto, uint32_t len);

/* RFC 1624, equation 3: the checksum 'old_csum' after octets changed from 'from' to 'to' ('n' is
 * even). */
be16 csum_update(be16 old_csum, const void *from, const void *to, size_t n);
be16 csum_update16(be16 old_csum, be16 from, be16 to);
/* The same for the not complemented sum in the field of a partial checksum. */
be16 csum_update_partial(be16 sum, const void *from, const void *to, size_t n);

/* CRC32c as SCTP has it, ready to be stored (RFC 9260 appendix A); the field must be 0
 * meanwhile. */
uint32_t crc32c_sctp(const void *, size_t n);

/* Completes a partial checksum in software; nothing to do if there is none.  DROP_BAD_OFFLOAD if
 * its place is not in the frame.  Not for GSO frames: tx_segment() does theirs. */
enum drop_reason packet_csum_complete(struct packet *);

#endif
