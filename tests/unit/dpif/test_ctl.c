// SPDX-License-Identifier: Apache-2.0
/* Commands as a client sees them, over the control socket. */
#include <regex.h>

#include "rpc/unixctl.h"
#include "tests/unit/dpif/fixture.h"

static const struct step {
	const char *command;
	bool fails;
	const char *pattern; /* of the whole answer, extended regular expression */
} steps[] = {
	{ "netdev-dummy/receive nope 0102", true, "no such dummy netdev\n?" },
	{ "netdev-dummy/receive p1 zz", true, ".*zz.*" },
	{ "netdev-dummy/receive p1 --qid 7 020000000002020000000001080000", true,
	  "bad rx queue id.\n?" },
	{ "netdev-dummy/receive p1 in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),"
	  "eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=1,tos=0,ttl=64,frag=no),"
	  "icmp(type=8,code=0)",
	  false, "\n?" },
	/* The answer comes when the packet is through. */
	{ "netdev-dummy/transmitted p2", false,
	  "02000000000202000000000108004500005c000000004001669f0a0000010a000002"
	  "080013fc00000000(..){64}\n" },
	{ "netdev-dummy/transmitted p2 clear", false, "02.*\n" },
	{ "netdev-dummy/transmitted p2", false, "\n?" },
	{ "netdev-dummy/receive p1 --qid 0 "
	  "0200000000020200000000010806 0200000000020200000000010807 "
	  "in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x1234) --len 20",
	  false, "\n?" },
	{ "netdev-dummy/transmitted p2", false,
	  "0200000000020200000000010806\n0200000000020200000000010807\n"
	  "0200000000020200000000011234000102030405\n" },
	{ "netdev-dummy/set-admin-state p1 bogus", true, "Invalid Admin State\n?" },
	{ "netdev-dummy/set-admin-state nope up", true, "Unknown Dummy Interface\n?" },
	{ "netdev-dummy/set-admin-state p1 down", false, "OK\n" },
	{ "netdev-dummy/receive p1 0200000000020200000000010806", false, "\n?" },
	{ "netdev-dummy/set-admin-state up", false, "OK\n" },
	{ "netdev-dummy/conn-state p1", false, "p1: unknown\n" },
	{ "netdev-dummy/conn-state", false, "\n?" },
	{ "dpctl/dump-flows -Z", true, "Unrecognized option -Z\n?" },
	{ "dpctl/get-flow", true, ".*requires at least 1 arg.*" },
	{ "dpctl/show -s", false,
	  "dummy@test:\n"
	  "  lookups: hit:4 missed:0 lost:0\n"
	  "  flows: 1\n"
	  "  port 1: p1 \\(dummy\\)\n"
	  "    RX packets:5 errors:\\? dropped:\\? overruns:\\? frame:\\?\n"
	  "    TX packets:0 errors:\\? dropped:\\? aborted:\\? carrier:\\?\n"
	  "    collisions:\\?\n"
	  "    RX bytes:168  TX bytes:0\n"
	  "  port 2: p2 \\(dummy\\)\n.*" },
	{ "dpif-netdev/pmd-stats-show", false,
	  "pmd thread numa_id 0 core_id 0:\n"
	  "  packets received: 4\n"
	  "  packet recirculations: 0\n"
	  "  avg. datapath passes per packet: 1.00\n"
	  "  phwol hits: 0\n"
	  "  mfex opt hits: 0\n"
	  "  simple match hits: 0\n"
	  "  emc hits: 0\n"
	  "  smc hits: 0\n"
	  "  megaflow hits: 4\n"
	  "  avg. subtable lookups per megaflow hit: 1.00\n"
	  "  miss with success upcall: 0\n"
	  "  miss with failed upcall: 0\n"
	  "  avg. packets per output batch: [0-9.]+\n"
	  "  idle cycles: [0-9]+ \\([0-9.]+%\\)\n"
	  "  processing cycles: [0-9]+ \\([0-9.]+%\\)\n"
	  "  avg cycles per packet: [0-9.]+ \\([0-9]+/4\\)\n"
	  "  avg processing cycles per packet: [0-9.]+ \\([0-9]+/4\\)\n"
	  "main thread:\n"
	  "  packets received: 0\n.*" },
	{ "dpif-netdev/pmd-rxq-show", false,
	  "Displaying last 60 seconds pmd usage %\n"
	  "pmd thread numa_id 0 core_id 0:\n"
	  "  isolated : false\n"
	  "  port: p1                queue-id:  0 \\(enabled\\)   pmd usage: NOT AVAIL\n"
	  "  port: p2                queue-id:  0 \\(enabled\\)   pmd usage: NOT AVAIL\n"
	  "  overhead: NOT AVAIL\n" },
	{ "dpif-netdev/pmd-rxq-show -secs 5", false, "Displaying last 5 seconds pmd usage %\n.*" },
	{ "dpif-netdev/pmd-perf-show", false,
	  "\nTime: [0-9:.]+\n"
	  "Measurement duration: [0-9.]+ s\n\n"
	  "pmd thread numa_id 0 core_id 0:\n\n"
	  "  Iterations:         +[0-9]+  \\([0-9.]+ us/it\\)\n"
	  "  - Used TSC cycles:  +[0-9]+  \\( *[0-9.]+ % of total cycles\\)\n"
	  "  - idle iterations:  +[0-9]+  \\( *[0-9.]+ % of used cycles\\)\n"
	  "  - busy iterations:  +[0-9]+  \\( *[0-9.]+ % of used cycles\\)\n"
	  "  - sleep iterations: +[0-9]+  \\( *[0-9.]+ % of iterations\\)\n"
	  "  Sleep time \\(us\\):    +[0-9]+  \\( *[0-9.]+ us/iteration avg.\\)\n"
	  "  Rx packets:                    4  \\([0-9.]+ Kpps, [0-9]+ cycles/pkt\\)\n"
	  "  Datapath passes:               4  \\(1.00 passes/pkt\\)\n"
	  "  - PHWOL hits:                  0  \\(  0.0 %\\)\n"
	  "  - MFEX Opt hits:               0  \\(  0.0 %\\)\n"
	  "  - Simple Match hits:           0  \\(  0.0 %\\)\n"
	  "  - EMC hits:                    0  \\(  0.0 %\\)\n"
	  "  - SMC hits:                    0  \\(  0.0 %\\)\n"
	  "  - Megaflow hits:               4  \\(100.0 %, 1.00 subtbl lookups/hit\\)\n"
	  "  - Upcalls:                     0  \\(  0.0 %, 0.0 us/upcall\\)\n"
	  "  - Lost upcalls:                0  \\(  0.0 %\\)\n"
	  "  Tx packets:                    4  \\([0-9.]+ Kpps\\)\n"
	  "  Tx batches:                    [1-4]  \\([0-9.]+ pkts/batch\\)\n" },
	{ "dpif-netdev/pmd-stats-clear", false, "\n?" },
	{ "dpif-netdev/pmd-stats-show", false,
	  "pmd thread numa_id 0 core_id 0:\n  packets received: 0\n.*" },
	{ "dpctl/add-dp dummy@second", false, "\n?" },
	{ "dpif-netdev/pmd-stats-show", true, "please specify an existing datapath\n?" },
	{ "dpif-netdev/pmd-stats-show second", false, "main thread:\n.*" },
	{ "dpctl/del-dp dummy@second", false, "\n?" },
	{ "dpctl/list-commands", false, "The available commands are:\n  dpctl/add-dp  .*" },
	{ "dpctl/dump-dps", false, "dummy@test\n" },
	{ "dpctl/show nope", true,
	  "test_ctl: opening datapath nope failed \\(No such device\\)\n?" },
	{ "dpctl/show test", false, "dummy@test:\n.*" },
	{ "dpctl/dump-flows nope", true, "test_ctl: datapath not found \\(Invalid argument\\)\n?" },
	{ "dpctl/dump-flows type=tc", false, "\n?" },
	{ "dpctl/dump-flows type=nope", true, "test_ctl: Failed to parse type \\(nope\\) .*" },
	{ "dpctl/dump-flows pmd=-2", true, "test_ctl: Failed to parse pmd .*" },
	{ "dpctl/dump-flows dummy@test filter=in_port=2", false, "\n?" },
	{ "dpctl/dump-flows --read-only filter=in_port=1", false, ".*in_port\\(1\\).*actions:2\n" },
	{ "dpctl/add-flow --read-only in_port(2),eth(),eth_type(0x806) 1", true,
	  "test_ctl: 'add-flow' command does not work in read only mode\n" },
	{ "dpctl/add-flow dummy@test in_port(2),eth(),eth_type(0x806) 1", false, "\n?" },
	{ "dpctl/add-flow in_port(2),eth(),eth_type(0x806) 1", true,
	  "test_ctl: updating flow table \\(File exists\\)\n" },
	{ "dpctl/mod-flow -s in_port(2),eth(),eth_type(0x806) 1,2", false,
	  "packets:0, bytes:0, used:never\n" },
	{ "dpctl/mod-flow -s in_port(2),eth(),eth_type(0x807) 1,2", true,
	  "test_ctl: updating flow table \\(No such file or directory\\)\n" },
	{ "dpctl/del-flow in_port(2),eth(),eth_type(0x807)", true,
	  "test_ctl: deleting flow \\(No such file or directory\\)\n"
	  "Perhaps you need to specify a UFID\\?\n" },
	{ "dpctl/del-flow in_port(2),eth(),eth_type(0x806)", false, "\n?" },
	{ "dpctl/get-flow ufid:12", true, "test_ctl: parsing flow ufid \\(Invalid argument\\)\n" },
	{ "dpctl/mod-flows /nonexistent", true,
	  "test_ctl: Opening file \"/nonexistent\" failed \\(No such file or directory\\)\n" },
	{ "dpctl/offload-stats-show", true,
	  "test_ctl: retrieving offload statistics \\(Operation not supported\\)\n" },
	{ "dpctl/cache-set-size test masks-cache x", true,
	  "test_ctl: size is malformed \\(Invalid argument\\)\n" },
	{ "dpctl/ct-bkts", false, "Command is available for UserSpace ConnTracker only.\n" },
	{ "dpctl/ct-bkts gt=x", true, "test_ctl: invalid argument gt=x .*" },
	{ "dpctl/ct-set-maxconns x", true,
	  "test_ctl: maxconns missing or malformed \\(Invalid argument\\)\n" },
	{ "dpctl/ct-set-maxconns 7", true,
	  "test_ctl: ct set maxconns failed \\(Operation not supported\\)\n" },
	{ "dpctl/ct-get-maxconns", true,
	  "test_ctl: maxconns could not be retrieved \\(Operation not supported\\)\n" },
	{ "dpctl/ct-get-maxconns 1 2", true, ".*" },
	{ "dpctl/ct-get-tcp-seq-chk", true,
	  "test_ctl: TCP sequence checking query failed \\(Operation not supported\\)\n" },
	{ "dpctl/ct-disable-tcp-seq-chk", true,
	  "test_ctl: disabling TCP sequence checking failed \\(Operation not supported\\)\n" },
	{ "dpctl/ct-set-limits zone=70000,limit=3", true,
	  "test_ctl: failed to parse field zone \\(Invalid argument\\)\n" },
	{ "dpctl/ct-set-limits zone=1", true,
	  "test_ctl: failed to parse zone limit \\(Invalid argument\\)\n" },
	{ "dpctl/ct-set-limits default=x", true,
	  "test_ctl: invalid default limit \\(Invalid argument\\)\n" },
	{ "dpctl/ct-set-limits foo", true,
	  "test_ctl: field foo missing value \\(Invalid argument\\)\n" },
	{ "dpctl/ct-del-limits zone=x", true, "test_ctl: invalid zone \\(Invalid argument\\)\n" },
	{ "dpctl/ct-get-limits foo", true, "test_ctl: invalid argument foo .*" },
	{ "dpctl/flush-conntrack zone=x", true,
	  "test_ctl: failed to parse zone \\(Invalid argument\\)\n" },
	{ "dpctl/flush-conntrack ct_foo=1", true,
	  "test_ctl: invalid conntrack tuple field: ct_foo \\(Invalid argument\\)\n" },
	{ "dpctl/flush-conntrack ct_nw_src=1.2.3.4,ct_ipv6_dst=::1", true,
	  "test_ctl: the L3 protocol does not match ::1 \\(Invalid argument\\)\n" },
	{ "dpctl/flush-conntrack ct_nw_proto=17,icmp_type=3", true,
	  "test_ctl: invalid L4 fields \\(Invalid argument\\)\n" },
	{ "dpctl/ipf-set-enabled x", true,
	  "test_ctl: parameter missing: 'v4' for IPv4 or 'v6' for IPv6 \\(Invalid argument\\)\n" },
	{ "dpctl/ipf-set-enabled v6", true,
	  "test_ctl: enabling fragmentation reassembly failed \\(Operation not supported\\)\n" },
	{ "dpctl/ipf-get-status -m", true,
	  "test_ctl: ipf status could not be retrieved \\(Operation not supported\\)\n" },
	{ "dpctl/help", true, ".*not a valid command.*" },
	{ "dpctl/parse-actions 1,2 drop", false, "1,2\ndrop\n" },
	{ "dpctl/parse-actions foo(1)", true, "test_ctl: odp_actions_from_string .*" },
	{ "dpctl/normalize-actions in_port(a),eth() b,push_vlan(vid=5,pcp=0),2,pop_vlan,1 a=3 b=4",
	  false,
	  "input flow: .*in_port\\(3\\).*\n"
	  "no vlan: no mpls: 4,1vlan\\(vid=5,pcp=0\\): no mpls: 2\n" },
	{ "dpctl/normalize-actions in_port(1) 1 2", true, "test_ctl: 2: expected NAME=NUMBER\n" },
};

static char socket_path[64];
static struct fixture fx;

static void matches(const struct step *step, const char *answer)
{
	char *whole = xasprintf("^%s$", step->pattern);
	regex_t re;

	assert_int_equal(regcomp(&re, whole, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, answer, 0, NULL, 0)) {
		fprintf(stderr, "%s:\n%s\nis not\n%s\n", step->command, answer, step->pattern);
		abort(); /* this is not the thread of the test */
	}
	regfree(&re);
	free(whole);
}

static void run_step(const struct step *step)
{
	char *words = xstrdup(step->command), *save = NULL, *word, *argv[16], *err, *error = NULL;
	json_t *result = NULL;
	int argc = 0;

	word = strtok_r(words, " ", &save);
	while ((argv[argc] = strtok_r(NULL, " ", &save)))
		argc++;
	err = unixctl_transact(socket_path, word, argc, argv, false, 10000, &result, &error);
	if (err || !error == step->fails) {
		fprintf(stderr, "%s: %s %s\n", step->command, err ? err : "",
			error ? error : json_string_value(result));
		abort();
	}
	matches(step, error ? error : json_string_value(result));
	json_decref(result);
	free(error);
	free(words);
}

static void *client(void *arg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		run_step(&steps[i]);
	loop_quit(fx.loop);
	loop_wake(fx.loop);
	return NULL;
}

static void test_commands(void **state)
{
	struct unixctl_server *server;
	struct smap config;
	pthread_t thread;
	char *err;

	snprintf(socket_path, sizeof(socket_path), "/tmp/test_ctl.%d.ctl", (int)getpid());
	fixture_init(&fx, 2);
	dpif_register_commands(fx.loop);
	smap_init(&config);
	smap_set(&config, "emc-insert-inv-prob", "0");
	dpif_set_config(fx.dp, &config);
	smap_uninit(&config);
	put_ok(&fx, "in_port(1),eth(),eth_type(0/0)", "2");
	err = unixctl_server_create(fx.loop, socket_path, &server);
	assert_null(err);
	assert_int_equal(thread_create(&thread, "client", client, NULL), 0);
	loop_run(fx.loop);
	thread_join(thread);
	unixctl_server_destroy(server);
	fixture_uninit(&fx);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_commands) };

	program_init(argc, argv);
	netdev_dummy_enable("");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
