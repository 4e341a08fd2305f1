// SPDX-License-Identifier: Apache-2.0
/* The registry, references, events, dummy and patch ports. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/thread.h"
#include "base/util.h"
#include "netdev/netdev_provider.h"
#include "tests/unit/base/unit.h"

static struct netdev *open_ok(const char *name, const char *type)
{
	struct netdev *netdev = NULL;
	char *err = netdev_open(name, type, &netdev);

	assert_null(err);
	assert_non_null(netdev);
	return netdev;
}

static void assert_open_fails(const char *name, const char *type, const char *why)
{
	struct netdev *netdev = NULL;
	char *err = netdev_open(name, type, &netdev);

	assert_non_null(err);
	if (!strstr(err, why))
		fail_msg("\"%s\" does not say \"%s\"", err, why);
	assert_null(netdev);
	free(err);
}

static void set_option(struct netdev *netdev, const char *key, const char *value, const char *why)
{
	struct smap options;
	char *err;

	smap_init(&options);
	if (key)
		smap_set(&options, key, value);
	err = netdev_set_options(netdev, &options);
	if (why) {
		assert_non_null(err);
		assert_non_null(strstr(err, why));
	} else {
		assert_null(err);
	}
	free(err);
	smap_uninit(&options);
}

static void test_open(void **state)
{
	struct netdev *a, *again;

	assert_open_fails("p0", "no-such-type", "p0");
	a = open_ok("p0", "dummy");
	assert_string_equal(netdev_name(a), "p0");
	assert_string_equal(netdev_type(a), "dummy");
	again = open_ok("p0", "dummy");
	assert_ptr_equal(a, again);
	assert_open_fails("p0", "patch", "already open as type dummy");
	netdev_unref(again);
	assert_ptr_equal(netdev_lookup("p0"), a);
	netdev_unref(a);
	assert_null(netdev_lookup("p0"));
	netdev_close_barrier();
}

static void *release_later(void *netdev)
{
	usleep(50000);
	netdev_release(netdev);
	return NULL;
}

/* A name is taken until its former device is gone. */
static void test_reopen_waits(void **state)
{
	struct netdev *a = open_ok("p0", "dummy"), *b;
	pthread_t thread;
	uint8_t mac[6];
	struct netdev_status st;

	netdev_get_status(a, &st);
	memcpy(mac, st.mac, 6);
	netdev_hold(a);
	netdev_unref(a);
	assert_null(netdev_lookup("p0"));
	assert_int_equal(thread_create(&thread, "release", release_later, a), 0);
	b = open_ok("p0", "patch");
	assert_string_equal(netdev_type(b), "patch");
	thread_join(thread);
	netdev_unref(b);
	netdev_close_barrier();
}

struct counting_listener {
	struct netdev_listener up;
	unsigned int n;
	struct counting_listener *removes; /* when it hears something */
};

static void heard(struct netdev_listener *l_, struct netdev *netdev)
{
	struct counting_listener *l = CONTAINER_OF(l_, struct counting_listener, up);

	l->n++;
	if (l->removes)
		netdev_unlisten(&l->removes->up);
}

static void test_listeners(void **state)
{
	struct netdev *p = open_ok("p0", "dummy");
	struct counting_listener l[4];
	struct netdev_status before, after;
	int i;

	memset(l, 0, sizeof(l));
	for (i = 0; i < 4; i++) {
		l[i].up.changed = heard;
		netdev_listen(p, &l[i].up);
	}
	l[0].removes = &l[1]; /* the next one */
	l[2].removes = &l[2]; /* itself */
	netdev_get_status(p, &before);
	assert_int_equal(netdev_set_admin_up(p, false), 0);
	netdev_get_status(p, &after);
	assert_true(before.seq != after.seq);
	assert_int_equal(after.flags & NETDEV_UP, 0);
	assert_int_equal(l[0].n, 1);
	assert_int_equal(l[1].n, 0);
	assert_int_equal(l[2].n, 1);
	assert_int_equal(l[3].n, 1);
	assert_int_equal(netdev_set_admin_up(p, false), 0); /* no change, no event */
	assert_int_equal(l[0].n, 1);
	l[0].removes = NULL;
	assert_int_equal(netdev_set_mtu(p, 9000), 0);
	assert_int_equal(netdev_set_mtu(p, 1), -EINVAL);
	assert_int_equal(netdev_set_mac(p, (uint8_t[]){ 2, 0, 0, 0, 0, 1 }), 0);
	assert_int_equal(l[0].n, 3);
	assert_int_equal(l[2].n, 1);
	assert_int_equal(l[3].n, 3);
	netdev_unlisten(&l[0].up);
	netdev_unlisten(&l[3].up);
	netdev_unref(p);
	netdev_close_barrier();
}

static struct packet *frame(uint32_t len, uint8_t fill)
{
	struct packet *p = packet_create(64, len, 0);

	memset(p->data, fill, len);
	return p;
}

static void test_dummy_receive(void **state)
{
	struct netdev *p = open_ok("p0", "dummy");
	struct netdev_rxq *rxq, *rxq1;
	struct packet_batch batch = { .n = 0 };
	struct netdev_stats s;
	uint64_t drops[DROP_N_REASONS] = { 0 };
	uint32_t i, n;

	set_option(p, "n_rxq", "2", NULL);
	assert_int_equal(netdev_n_rxqs(p), 2);
	assert_null(netdev_rxq_open(p, 2));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(netdev_dummy_inject(p, frame(60, 0), 0), -ENOTCONN);
	rxq = netdev_rxq_open(p, 0);
	rxq1 = netdev_rxq_open(p, 1);
	assert_int_equal(netdev_rxq_recv(rxq, &batch), -EAGAIN);
	assert_int_equal(netdev_dummy_inject(p, frame(60, 0), 2), -EINVAL);
	for (i = 0; i < 150; i++)
		assert_int_equal(netdev_dummy_inject(p, frame(60, i), 0), 0);
	assert_int_equal(netdev_dummy_n_queued(p), 150);
	for (n = 0; n < 150; n += batch.n) {
		int got = netdev_rxq_recv(rxq, &batch);

		assert_int_equal(got, batch.n);
		assert_int_equal(got, MIN(150 - n, PACKET_BATCH_MAX));
		for (i = 0; i < batch.n; i++) {
			assert_int_equal(batch.pkts[i]->data[0], (n + i) & 0xff);
			packet_release(batch.pkts[i]);
		}
	}
	assert_int_equal(netdev_rxq_recv(rxq1, &batch), -EAGAIN);
	assert_int_equal(netdev_get_stats(p, &s), 0);
	assert_int_equal(s.rx_packets, 150);
	assert_int_equal(s.rx_bytes, 150 * 60);
	assert_true(s.rx_errors == UINT64_MAX);

	netdev_set_admin_up(p, false);
	netdev_dummy_inject(p, frame(60, 0), 1);
	assert_int_equal(netdev_rxq_recv(rxq1, &batch), 0);
	netdev_add_rx_drops(p, drops);
	assert_int_equal(drops[DROP_PORT_DOWN], 1);
	/* What a closed queue dropped is not forgotten; what it still has is freed. */
	netdev_dummy_inject(p, frame(60, 0), 1);
	netdev_rxq_close(rxq1);
	netdev_close_barrier();
	memset(drops, 0, sizeof(drops));
	netdev_add_rx_drops(p, drops);
	assert_int_equal(drops[DROP_PORT_DOWN], 1);
	netdev_rxq_close(rxq);
	netdev_unref(p);
	netdev_close_barrier();
}

static void check_frame(const void *data, size_t len, void *n_)
{
	unsigned int *n = n_;

	assert_int_equal(len, 100);
	assert_int_equal(*(const uint8_t *)data, 10 + *n);
	(*n)++;
}

static void test_dummy_send(void **state)
{
	struct netdev *p = open_ok("p0", "dummy");
	struct packet_batch batch = { .n = 0 };
	uint64_t drops[DROP_N_REASONS] = { 0 };
	struct netdev_stats s;
	unsigned int i, n = 0;

	for (i = 0; i < 70; i++) {
		batch.pkts[0] = frame(100, i);
		batch.n = 1;
		assert_int_equal(netdev_send(p, 0, &batch, drops), 0);
	}
	for (i = 0; i < 4; i++)
		batch.pkts[i] = frame(100, 70 + i);
	batch.n = 4;
	assert_int_equal(netdev_send(p, 0, &batch, drops), 0);
	netdev_flush(p, 0);
	netdev_dummy_walk_transmitted(p, check_frame, &n);
	assert_int_equal(n, 64);
	netdev_dummy_clear_transmitted(p);
	n = 0;
	netdev_dummy_walk_transmitted(p, check_frame, &n);
	assert_int_equal(n, 0);

	/* One in the middle is too long. */
	batch.pkts[0] = frame(100, 0);
	batch.pkts[1] = frame(1519, 0);
	batch.pkts[2] = frame(1518, 0);
	batch.n = 3;
	assert_int_equal(netdev_send(p, 0, &batch, drops), 1);
	assert_int_equal(drops[DROP_MTU_EXCEEDED], 1);
	netdev_get_stats(p, &s);
	assert_int_equal(s.tx_packets, 76);
	netdev_set_admin_up(p, false);
	batch.pkts[0] = frame(100, 0);
	batch.n = 1;
	assert_int_equal(netdev_send(p, 0, &batch, drops), 1);
	assert_int_equal(drops[DROP_TX_DOWN], 1);
	netdev_unref(p);
	netdev_close_barrier();
}

static void test_options(void **state)
{
	struct netdev *d = open_ok("p0", "dummy"), *w = open_ok("w0", "patch");
	struct netdev_status st;
	struct smap options;
	struct netdev_stats s;

	set_option(d, "ifindex", "17", NULL);
	netdev_get_status(d, &st);
	assert_int_equal(st.ifindex, 17);
	set_option(d, "tx_offloads", "csum,fly", "\"fly\"");
	set_option(d, "pcap", "/nonexistent/dir/file", "cannot open");
	smap_init(&options);
	netdev_get_options(d, &options);
	assert_string_equal(smap_get(&options, "ifindex"),
			    "17"); /* of the last that was accepted */
	assert_null(smap_get(&options, "pcap"));
	smap_uninit(&options);

	assert_true(netdev_type_is_patch("patch"));
	assert_int_equal(netdev_n_rxqs(w), 0);
	set_option(w, NULL, NULL, "requires valid 'peer' argument");
	set_option(w, "peer", "w0", "must not be self");
	set_option(w, "peer", "w1", NULL);
	netdev_patch_add_stats(w, 1, 60, 2, 120);
	netdev_patch_add_stats(w, 1, 60, 0, 0);
	assert_int_equal(netdev_get_stats(w, &s), 0);
	assert_int_equal(s.rx_packets, 2);
	assert_int_equal(s.rx_bytes, 120);
	assert_int_equal(s.tx_packets, 2);
	netdev_unref(d);
	netdev_unref(w);
	netdev_close_barrier();
}

static void test_pcap(void **state)
{
	char path[] = "/tmp/test_netdev_XXXXXX";
	struct netdev *p = open_ok("p0", "dummy");
	struct packet_batch batch = { .n = 1 };
	uint64_t drops[DROP_N_REASONS] = { 0 };
	uint32_t words[10];
	FILE *f;
	int fd = mkstemp(path), i;

	assert_true(fd >= 0);
	close(fd);
	for (i = 0; i < 2; i++) { /* the second time it is appended to */
		set_option(p, "tx_pcap", path, NULL);
		batch.pkts[0] = frame(60, 7);
		netdev_send(p, 0, &batch, drops);
		set_option(p, NULL, NULL, NULL);
	}
	f = fopen(path, "r");
	assert_int_equal(fread(words, 4, 10, f), 10);
	assert_int_equal(words[0], 0xa1b2c3d4);
	assert_int_equal(words[5], 1);
	assert_int_equal(words[8], 60);
	assert_int_equal(words[9], 60);
	fseek(f, 0, SEEK_END);
	assert_int_equal(ftell(f), 24 + 2 * (16 + 60));
	fclose(f);
	unlink(path);
	netdev_unref(p);
	netdev_close_barrier();
}

/* Runs last: the mode stays. */
static void test_override(void **state)
{
	const char *const *types;
	struct netdev *a, *b;
	bool has_dummy = false;

	netdev_dummy_enable("override");
	a = open_ok("eth0", "system");
	b = open_ok("br0", "internal");
	assert_string_equal(netdev_type(a), "system");
	assert_string_equal(netdev_class_type(a), "dummy");
	assert_string_equal(netdev_type(b), "internal");
	assert_string_equal(netdev_class_type(b), "dummy-internal");
	assert_true(netdev_dummy_overrides("system"));
	for (types = netdev_types(); *types; types++)
		has_dummy |= streq(*types, "dummy");
	assert_true(has_dummy);
	netdev_unref(a);
	netdev_unref(b);
	netdev_close_barrier();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),       cmocka_unit_test(test_reopen_waits),
		cmocka_unit_test(test_listeners),  cmocka_unit_test(test_dummy_receive),
		cmocka_unit_test(test_dummy_send), cmocka_unit_test(test_options),
		cmocka_unit_test(test_pcap),       cmocka_unit_test(test_override),
	};

	assert_open_fails("p0", "dummy", "unavailable");
	netdev_dummy_enable("");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
