// SPDX-License-Identifier: Apache-2.0
/* The replica against a server played by the test: what it asks, what it makes of the answers, what
 * it tells its owner, what it sends to change things. */
#include "db/idl.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "db/vswitch_idl.h"
#include "rpc/jsonrpc.h"
#include "tests/unit/db/unit.h"

#define BR "00000000-0000-0000-0000-0000000000b0"
#define P1 "00000000-0000-0000-0000-000000000001"
#define P2 "00000000-0000-0000-0000-000000000002"
#define P3 "00000000-0000-0000-0000-000000000003"
#define OVS "00000000-0000-0000-0000-0000000000ff"

#define INITIAL                                                                                    \
	"{'Open_vSwitch':{'" OVS "':{'initial':{'bridges':['uuid','" BR "'],'next_cfg':3}}},"      \
	"'Bridge':{'" BR "':{'initial':{'name':'br0','ports':['set',[['uuid','" P1 "'],"           \
	"['uuid','" P2 "']]],'other_config':['map',[['a','b'],['c','d']]],"                        \
	"'fail_mode':'secure'}}},"                                                                 \
	"'Port':{'" P1 "':{'initial':{'name':'p1','tag':5,'trunks':['set',[1,2,3]]}},"             \
	"'" P2 "':{'initial':{'name':'p2'}}}}"

static struct loop *loop;
static struct listener *listener;
static char *remote;
static struct idl *idl;
static unsigned int n_changed;

/* The server's side. */
static struct peer {
	struct jsonrpc_session *session;
	bool no_cond; /* knows no monitor_cond */
	bool silent; /* does not answer transactions */
	const char *initial; /* of the next monitor */
	const char *result; /* of the next transaction, NULL: made up */
	json_t *schema;
	struct str log; /* methods */
	char *transaction; /* the last one, text_of() */
	json_t *transaction_id;
} peer;

/* A result for each operation; "insert" gets a UUID that ends in its index. */
static json_t *results_of(const json_t *params)
{
	json_t *results = json_array(), *op;
	size_t i;

	json_array_foreach(params, i, op) {
		const char *name = json_string_value(json_object_get(op, "op"));
		char uuid[64];

		if (!name)
			continue;
		snprintf(uuid, sizeof(uuid), "99999999-0000-0000-0000-%012zu", i);
		if (streq(name, "insert"))
			json_array_append_new(results, json_pack("{s[ss]}", "uuid", "uuid", uuid));
		else if (streq(name, "select"))
			json_array_append_new(results,
					      json_pack("{s[{si}]}", "rows", "next_cfg", 4));
		else
			json_array_append_new(results, json_pack("{si}", "count", 1));
	}
	return results;
}

static void peer_received(struct jsonrpc_session *s, struct jsonrpc_msg *m, void *aux)
{
	if (m->type != JSONRPC_REQUEST)
		return;
	str_printf(&peer.log, "%s ", m->method);
	if (streq(m->method, "get_schema")) {
		jsonrpc_send_reply(s, json_incref(peer.schema), json_incref(m->id));
	} else if (streq(m->method, "monitor_cond") && peer.no_cond) {
		jsonrpc_send_error(s, json_string("unknown method"), json_incref(m->id));
	} else if (streq(m->method, "monitor_cond") || streq(m->method, "monitor")) {
		jsonrpc_send_reply(s, json_of(peer.initial), json_incref(m->id));
	} else if (streq(m->method, "lock")) {
		jsonrpc_send_reply(s, json_pack("{sb}", "locked", 0), json_incref(m->id));
	} else if (streq(m->method, "transact")) {
		free(peer.transaction);
		peer.transaction = text_of(json_incref(m->params));
		json_decref(peer.transaction_id);
		peer.transaction_id = json_incref(m->id);
		if (!peer.silent)
			jsonrpc_send_reply(s,
					   peer.result ? json_of(peer.result)
						       : results_of(m->params),
					   json_incref(m->id));
	}
}

static void peer_disconnected(struct jsonrpc_session *s, const char *why, void *aux)
{
	jsonrpc_session_destroy(s);
	peer.session = NULL;
}

static const struct jsonrpc_session_ops peer_ops = {
	.received = peer_received,
	.disconnected = peer_disconnected,
};

static void accepted(struct stream *stream, void *aux)
{
	assert_null(peer.session);
	peer.session = jsonrpc_session_accept(loop, stream, &peer_ops, NULL);
}

static void changed(struct idl *i, void *aux)
{
	n_changed++;
}

/* Turns the loop until nothing more happens for a moment. */
static void settle(void)
{
	for (int quiet = 0; quiet < 3; quiet++)
		loop_turn(loop, 5);
}

static void until_synced(void)
{
	for (int i = 0; i < 2000 && !idl_is_synced(idl); i++)
		loop_turn(loop, 5);
	assert_true(idl_is_synced(idl));
	settle();
}

static void open_idl(void)
{
	char *err = idl_create(loop, remote, &ovsrec_class, changed, NULL, &idl);

	assert_null(err);
	idl_add_table(idl, "Open_vSwitch", IDL_ALERT);
	idl_add_table(idl, "Bridge", IDL_ALERT);
	idl_add_table(idl, "Port", IDL_ALERT);
	idl_add_column(idl, "Port", "name", IDL_ALERT);
	idl_track(idl);
}

static int setup(void **state)
{
	struct db_schema *schema = idl_class_schema(&ovsrec_class);
	char *err, *listen;

	memset(&peer, 0, sizeof(peer));
	peer.schema = schema_to_json(schema);
	schema_destroy(schema);
	peer.initial = INITIAL;
	n_changed = 0;
	loop = loop_create();
	assert_non_null(loop);
	remote = xasprintf("unix:/tmp/test_idl.%ld.sock", (long)getpid());
	listen = xasprintf("p%s", remote);
	err = listener_open(loop, listen, 0, 0, accepted, NULL, &listener);
	free(listen);
	if (err)
		fail_msg("%s", err);
	return 0;
}

static int setup_synced(void **state)
{
	setup(state);
	open_idl();
	until_synced();
	return 0;
}

static int teardown(void **state)
{
	idl_destroy(idl);
	idl = NULL;
	jsonrpc_session_destroy(peer.session);
	listener_close(listener);
	settle();
	json_decref(peer.schema);
	json_decref(peer.transaction_id);
	free(peer.transaction);
	str_uninit(&peer.log);
	free(remote);
	loop_destroy(loop);
	return 0;
}

/* The server tells of a change. */
static void update(const char *updates)
{
	jsonrpc_send_notify(peer.session, peer.no_cond ? "update" : "update2",
			    json_pack("[so]", "idl", json_of(updates)));
	settle();
}

static struct ovsrec_port *port_of(const char *uuid_text)
{
	struct uuid uuid;

	assert_true(uuid_parse(uuid_text, &uuid));
	return ovsrec_port_by_uuid(idl, &uuid);
}

static struct ovsrec_bridge *bridge(void)
{
	struct ovsrec_bridge *br = ovsrec_bridge_first(idl);

	assert_non_null(br);
	return br;
}

static size_t n_tracked(void)
{
	struct ovsrec_bridge *br;
	struct ovsrec_port *port;
	size_t n = 0;

	OVSREC_BRIDGE_FOR_EACH_TRACKED(br, idl)
		n++;
	OVSREC_PORT_FOR_EACH_TRACKED(port, idl)
		n++;
	return n;
}

/* ---- reading ------------------------------------------------------------------ */

static void test_typed_members(void **state)
{
	struct ovsrec_bridge *br = bridge();
	struct ovsrec_port *p1 = port_of(P1), *p2 = port_of(P2);

	assert_string_equal(str_cstr(&peer.log), "get_schema monitor_cond ");
	assert_string_equal(br->name, "br0");
	assert_string_equal(br->fail_mode, "secure");
	assert_string_equal(br->datapath_type, "");
	assert_null(br->datapath_id);
	assert_int_equal(br->n_ports, 2);
	assert_ptr_equal(br->ports[0], p1);
	assert_ptr_equal(br->ports[1], p2);
	assert_string_equal(smap_get(&br->other_config, "c"), "d");
	assert_int_equal(smap_count(&br->other_config), 2);
	assert_int_equal(p1->n_tag, 1);
	assert_int_equal(p1->tag[0], 5);
	assert_int_equal(p1->n_trunks, 3);
	assert_int_equal(p1->trunks[2], 3);
	assert_int_equal(p2->n_tag, 0);
	assert_false(p2->protected);
	assert_int_equal(ovsrec_open_vswitch_first(idl)->n_bridges, 1);
	assert_int_equal(ovsrec_open_vswitch_first(idl)->next_cfg, 3);
	assert_true(ovsrec_bridge_is_new(br));
	assert_int_equal(n_tracked(), 3);
	assert_true(n_changed > 0);
}

static void test_modify(void **state)
{
	struct ovsrec_port *p1 = port_of(P1);
	struct ovsrec_bridge *br = bridge();

	idl_track_clear(idl);
	n_changed = 0;
	update("{'Port':{'" P1 "':{'modify':{'tag':6,'trunks':['set',[1,9]]}}}}");
	assert_int_equal(n_changed, 1);
	assert_int_equal(p1->tag[0], 6);
	assert_int_equal(p1->n_trunks, 3); /* {1,2,3} less 1 plus 9 */
	assert_int_equal(p1->trunks[0], 2);
	assert_int_equal(p1->trunks[2], 9);
	assert_true(ovsrec_port_is_updated(p1, &ovsrec_port_col_tag));
	assert_false(ovsrec_port_is_updated(p1, &ovsrec_port_col_name));
	assert_false(ovsrec_port_is_new(p1));
	assert_int_equal(n_tracked(), 1);

	update("{'Bridge':{'" BR "':{'modify':{'other_config':['map',[['a','x'],['c','d']]],"
	       "'fail_mode':['set',[]]}}}}");
	assert_string_equal(smap_get(&br->other_config, "a"), "x");
	assert_null(smap_get(&br->other_config, "c"));
	assert_null(br->fail_mode);
}

/* A referring row comes before the row referred to, in one message and in two. */
static void test_references(void **state)
{
	struct ovsrec_bridge *br = bridge();
	struct ovsrec_port *p2 = port_of(P2);

	idl_track_clear(idl);
	update("{'Bridge':{'" BR "':{'modify':{'ports':['uuid','" P3 "']}}},"
	       "'Port':{'" P3 "':{'insert':{'name':'p3'}}}}");
	assert_int_equal(br->n_ports, 3);
	assert_ptr_equal(br->ports[2], port_of(P3));
	assert_true(ovsrec_port_is_new(port_of(P3)));
	idl_track_clear(idl);

	update("{'Port':{'" P2 "':{'delete':null}}}");
	assert_int_equal(br->n_ports, 2); /* the column still names it */
	assert_ptr_equal(br->ports[1], port_of(P3));
	assert_null(port_of(P2));
	assert_true(br->row.change & IDL_REF_CHANGED);
	assert_true(ovsrec_port_is_deleted(p2));
	assert_string_equal(p2->name, "p2"); /* until the owner has seen it */
	idl_track_clear(idl);

	update("{'Port':{'" P2 "':{'insert':{'name':'again'}}}}");
	assert_int_equal(br->n_ports, 3);
	assert_string_equal(br->ports[1]->name, "again");
	assert_true(br->row.change & IDL_REF_CHANGED);

	update("{'Bridge':{'" BR "':{'modify':{'ports':['set',[['uuid','" P1 "'],['uuid','" P2
	       "'],['uuid','" P3 "']]]}}},'Port':{'" P1 "':{'delete':null},'" P2
	       "':{'delete':null},'" P3 "':{'delete':null}}}");
	assert_int_equal(br->n_ports, 0);
	assert_null(ovsrec_port_first(idl));
}

/* What came and went between two looks is not told, but what points at it may be looked at. */
static void test_short_life(void **state)
{
	idl_track_clear(idl);
	jsonrpc_send_notify(peer.session, "update2",
			    json_pack("[so]", "idl",
				      json_of("{'Port':{'" P3 "':{'insert':{'name':'x'}}}}")));
	update("{'Port':{'" P3 "':{'delete':null}}}");
	assert_int_equal(n_tracked(), 0);
	assert_null(port_of(P3));
}

static void test_reconnect_is_quiet(void **state)
{
	struct ovsrec_bridge *br = bridge();
	struct ovsrec_port *p1 = port_of(P1);

	idl_track_clear(idl);
	jsonrpc_session_destroy(peer.session);
	peer.session = NULL;
	jsonrpc_session_force_reconnect(idl_session(idl));
	settle();
	assert_ptr_equal(ovsrec_bridge_first(idl), br); /* kept while nobody answers */
	until_synced();
	assert_ptr_equal(bridge(), br);
	assert_ptr_equal(port_of(P1), p1);
	assert_int_equal(br->n_ports, 2);
	assert_int_equal(n_tracked(), 0);
}

static void test_reconnect_tells_differences(void **state)
{
	struct ovsrec_bridge *br = bridge();

	idl_track_clear(idl);
	peer.initial = "{'Bridge':{'" BR "':{'initial':{'name':'br0','ports':['uuid','" P1 "'],"
		       "'fail_mode':'secure','other_config':['map',[['a','b'],['c','d']]]}}},"
		       "'Port':{'" P1 "':{'initial':{'name':'p1','trunks':['set',[1,2,3]]}}}}";
	jsonrpc_session_destroy(peer.session);
	peer.session = NULL;
	jsonrpc_session_force_reconnect(idl_session(idl));
	for (int i = 0; i < 2000 && (!idl_is_synced(idl) || br->n_ports != 1); i++)
		loop_turn(loop, 5);
	assert_int_equal(br->n_ports, 1);
	assert_true(ovsrec_bridge_is_updated(br, &ovsrec_bridge_col_ports));
	assert_false(ovsrec_bridge_is_updated(br, &ovsrec_bridge_col_other_config));
	assert_int_equal(port_of(P1)->n_tag, 0); /* left out: the default */
	assert_true(ovsrec_port_is_updated(port_of(P1), &ovsrec_port_col_tag));
	assert_null(port_of(P2));
	assert_null(ovsrec_open_vswitch_first(idl));
	assert_int_equal(n_tracked(), 3);
}

static void test_plain_monitor(void **state)
{
	peer.no_cond = true;
	peer.initial = "{'Port':{'" P1 "':{'new':{'name':'p1','tag':['set',[]],'trunks':"
		       "['set',[1,2]]}}}}";
	open_idl();
	until_synced();
	assert_string_equal(str_cstr(&peer.log), "get_schema monitor_cond monitor ");
	assert_int_equal(port_of(P1)->n_trunks, 2);
	update("{'Port':{'" P1 "':{'old':{'trunks':['set',[1,2]]},'new':{'name':'p1','tag':"
	       "['set',[]],'trunks':7}}}}");
	assert_int_equal(port_of(P1)->n_trunks, 1);
	assert_int_equal(port_of(P1)->trunks[0], 7);
	update("{'Port':{'" P1 "':{'old':{'name':'p1'}}}}");
	assert_null(port_of(P1));
}

static json_t *columns_of(json_t *schema, const char *table)
{
	return json_object_get(json_object_get(json_object_get(schema, "tables"), table),
			       "columns");
}

static void test_older_schema(void **state)
{
	json_object_del(columns_of(peer.schema, "Port"), "cvlans");
	json_object_del(json_object_get(peer.schema, "tables"), "CT_Zone");
	json_object_del(columns_of(peer.schema, "Datapath"), "ct_zones");
	open_idl();
	until_synced();
	assert_false(idl_server_has_column(idl, "Port", "cvlans"));
	assert_true(idl_server_has_column(idl, "Port", "trunks"));
	assert_int_equal(port_of(P1)->n_cvlans, 0);
}

static void test_hostile_updates(void **state)
{
	static const char *const updates[] = {
		"[]",
		"'x'",
		"{'Port':3}",
		"{'Port':{'x':{}}}",
		"{'Nope':{'" P1 "':{'delete':null}}}",
		"{'Port':{'" P1 "':3}}",
		"{'Port':{'" P1 "':{}}}",
		"{'Port':{'" P1 "':{'modify':[]}}}",
		"{'Port':{'" P1 "':{'modify':{'tag':'x'}}}}",
		"{'Port':{'" P1 "':{'modify':{'tag':['set',[[]]]}}}}",
		"{'Port':{'" P1 "':{'modify':{'nope':5}}}}",
		"{'Port':{'" P1 "':{'modify':{'interfaces':['uuid','x']}}}}",
		"{'Port':{'" P3 "':{'modify':{'tag':5}}}}",
		"{'Port':{'" P3 "':{'delete':null}}}",
		"{'Port':{'" P1 "':{'initial':4}}}",
		"{'Bridge':{'" BR "':{'modify':{'ports':['set',[['uuid','" OVS "'],"
		"['uuid','" OVS "']]]}}}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(updates); i++)
		update(updates[i]);
	assert_true(idl_is_synced(idl));
	assert_non_null(port_of(P1));
	assert_string_equal(port_of(P2)->name, "p2");
	assert_null(port_of(P3));
	/* The session's messages too. */
	jsonrpc_send_notify(peer.session, "update2", json_array());
	jsonrpc_send_notify(peer.session, "update2", json_pack("[i{}]", 3));
	jsonrpc_send_notify(peer.session, "locked", json_pack("[i]", 3));
	jsonrpc_send_notify(peer.session, "nonsense", json_array());
	jsonrpc_send_reply(peer.session, json_null(), json_integer(7777));
	settle();
	assert_true(idl_is_synced(idl));
}

/* ---- writing --------------------------------------------------------------------- */

static enum idl_txn_status outcome;
static unsigned int n_outcomes;

static void done(struct idl_txn *txn, void *aux)
{
	outcome = idl_txn_status(txn);
	n_outcomes++;
}

static enum idl_txn_status commit(struct idl_txn *txn)
{
	n_outcomes = 0;
	idl_txn_commit(txn, done, NULL);
	settle();
	return n_outcomes == 1 ? outcome : TXN_UNCOMMITTED;
}

static void expect_sent(const char *expected)
{
	assert_non_null(peer.transaction);
	if (!streq(peer.transaction, expected))
		fail_msg("expected %s\ngot %s", expected, peer.transaction);
}

static void test_unchanged(void **state)
{
	struct idl_txn *txn = idl_txn_create(idl);
	const char *name = "p1";
	int64_t tag = 5;

	idl_txn_comment(txn, "nothing");
	idl_txn_increment(txn, &ovsrec_open_vswitch_first(idl)->row,
			  &ovsrec_open_vswitch_col_next_cfg, 1);
	ovsrec_port_set_tag(port_of(P1), &tag, 1);
	ovsrec_port_set_name(port_of(P1), name);
	ovsrec_bridge_update_other_config_setkey(bridge(), "a", "b");
	ovsrec_bridge_update_other_config_delkey(bridge(), "nope");
	ovsrec_bridge_update_ports_addvalue(bridge(), port_of(P1));
	/* There and back again. */
	ovsrec_bridge_set_fail_mode(bridge(), "standalone");
	ovsrec_bridge_set_fail_mode(bridge(), "secure");
	assert_int_equal(commit(txn), TXN_UNCHANGED);
	assert_null(peer.transaction);
	idl_txn_destroy(txn);
}

static void test_update_op(void **state)
{
	struct idl_txn *txn = idl_txn_create(idl);
	struct ovsrec_port *p1 = port_of(P1);
	int64_t tag = 9;

	ovsrec_port_set_tag(p1, &tag, 1);
	assert_int_equal(p1->tag[0], 9); /* seen at once */
	ovsrec_port_verify_tag(p1);
	idl_txn_comment(txn, "why");
	idl_txn_increment(txn, &ovsrec_open_vswitch_first(idl)->row,
			  &ovsrec_open_vswitch_col_next_cfg, 1);
	assert_int_equal(commit(txn), TXN_SUCCESS);
	assert_int_equal(idl_txn_increment_value(txn), 4);
	idl_txn_destroy(txn);
	expect_sent("['Open_vSwitch',"
		    "{'columns':['tag'],'op':'wait','rows':[{'tag':5}],'table':'Port','timeout':0,"
		    "'until':'==','where':[['_uuid','==',['uuid','" P1 "']]]},"
		    "{'op':'update','row':{'tag':9},'table':'Port',"
		    "'where':[['_uuid','==',['uuid','" P1 "']]]},"
		    "{'mutations':[['next_cfg','+=',1]],'op':'mutate','table':'Open_vSwitch',"
		    "'where':[['_uuid','==',['uuid','" OVS "']]]},"
		    "{'columns':['next_cfg'],'op':'select','table':'Open_vSwitch',"
		    "'where':[['_uuid','==',['uuid','" OVS "']]]},"
		    "{'comment':'why','op':'comment'}]");
	/* This server did not tell of a change, so there is none. */
	assert_int_equal(p1->tag[0], 5);
}

static void test_mutations(void **state)
{
	struct idl_txn *txn = idl_txn_create(idl);
	struct ovsrec_bridge *br = bridge();

	ovsrec_bridge_update_other_config_setkey(br, "a", "z");
	ovsrec_bridge_update_other_config_delkey(br, "c");
	ovsrec_bridge_update_ports_delvalue(br, port_of(P1));
	assert_string_equal(smap_get(&br->other_config, "a"), "z");
	assert_null(smap_get(&br->other_config, "c"));
	assert_int_equal(br->n_ports, 1);
	assert_ptr_equal(br->ports[0], port_of(P2));
	assert_int_equal(commit(txn), TXN_SUCCESS);
	idl_txn_destroy(txn);
	expect_sent("['Open_vSwitch',{'mutations':["
		    "['other_config','delete',['set',['a','c']]],"
		    "['other_config','insert',['map',[['a','z']]]],"
		    "['ports','delete',['uuid','" P1 "']]],"
		    "'op':'mutate','table':'Bridge','where':[['_uuid','==',['uuid','" BR "']]]}]");
	assert_int_equal(br->n_ports, 2);
}

/* A named row, referred to before and after; the reply tells its UUID. */
static void test_insert(void **state)
{
	struct idl_txn *txn = idl_txn_create(idl);
	struct ovsrec_port *port = ovsrec_port_insert(txn);
	struct uuid uuid = port->row.uuid;
	const struct uuid *real;
	char name[64], expected[512], text[UUID_LEN + 1];

	assert_string_equal(port->name, "");
	ovsrec_port_set_name(port, "p9");
	ovsrec_bridge_update_ports_addvalue(bridge(), port);
	assert_int_equal(bridge()->n_ports, 3);
	peer.silent = true;
	assert_int_equal(idl_txn_commit(txn, done, NULL), TXN_INCOMPLETE);
	settle();
	snprintf(name, sizeof(name), "row%08x_%04x_%04x_%04x_%04x%08x", UUID_ARGS(&uuid));
	snprintf(expected, sizeof(expected),
		 "['Open_vSwitch',{'op':'insert','row':{'name':'p9'},'table':'Port',"
		 "'uuid-name':'%s'},{'mutations':[['ports','insert',['named-uuid','%s']]],"
		 "'op':'mutate','table':'Bridge','where':[['_uuid','==',['uuid','" BR "']]]}]",
		 name, name);
	expect_sent(expected);
	/* The server's own row comes before the answer. */
	update("{'Bridge':{'" BR "':{'modify':{'ports':['uuid','" P3 "']}}},"
	       "'Port':{'" P3 "':{'insert':{'name':'p9'}}}}");
	n_outcomes = 0;
	jsonrpc_send_reply(peer.session, json_of("[{'uuid':['uuid','" P3 "']},{'count':1}]"),
			   json_incref(peer.transaction_id));
	settle();
	assert_int_equal(n_outcomes, 1);
	assert_int_equal(outcome, TXN_SUCCESS);
	real = idl_txn_inserted_uuid(txn, &uuid);
	assert_non_null(real);
	snprintf(text, sizeof(text), UUID_FMT, UUID_ARGS(real));
	assert_string_equal(text, P3);
	idl_txn_destroy(txn);
	assert_int_equal(bridge()->n_ports, 3);
	assert_string_equal(bridge()->ports[2]->name, "p9");
}

static void test_delete_and_drop(void **state)
{
	struct idl_txn *txn = idl_txn_create(idl);

	idl_drop_references(&port_of(P1)->row);
	ovsrec_port_del(port_of(P1));
	assert_null(port_of(P1));
	assert_int_equal(bridge()->n_ports, 1);
	assert_int_equal(commit(txn), TXN_SUCCESS);
	idl_txn_destroy(txn);
	expect_sent("['Open_vSwitch',{'op':'delete','table':'Port',"
		    "'where':[['_uuid','==',['uuid','" P1 "']]]},"
		    "{'mutations':[['ports','delete',['uuid','" P1 "']]],"
		    "'op':'mutate','table':'Bridge','where':[['_uuid','==',['uuid','" BR "']]]}]");
	assert_non_null(port_of(P1)); /* nobody said that it went */
	assert_int_equal(bridge()->n_ports, 2);
}

static void test_abort(void **state)
{
	struct idl_txn *txn = idl_txn_create(idl);
	struct ovsrec_port *port = ovsrec_port_insert(txn);

	ovsrec_port_set_name(port, "p9");
	ovsrec_bridge_update_ports_addvalue(bridge(), port);
	ovsrec_bridge_set_fail_mode(bridge(), NULL);
	idl_txn_destroy(txn);
	assert_int_equal(bridge()->n_ports, 2);
	assert_string_equal(bridge()->fail_mode, "secure");
	assert_null(idl_txn_of(idl));
	assert_null(peer.transaction);
}

static void test_outcomes(void **state)
{
	static const struct {
		const char *result;
		enum idl_txn_status status;
	} rows[] = {
		{ "[{'error':'timed out'}]", TXN_TRY_AGAIN },
		{ "[{'error':'not owner'}]", TXN_NOT_LOCKED },
		{ "[{'count':1},{'error':'constraint violation','details':'x'}]", TXN_ERROR },
		{ "{}", TXN_ERROR },
		{ "[]", TXN_SUCCESS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct idl_txn *txn = idl_txn_create(idl);

		peer.result = rows[i].result;
		ovsrec_bridge_set_fail_mode(bridge(), NULL);
		assert_int_equal(commit(txn), rows[i].status);
		assert_string_equal(bridge()->fail_mode, "secure");
		if (i == 2)
			assert_string_equal(
				idl_txn_error(txn),
				"{\"details\":\"x\",\"error\":\"constraint violation\"}");
		idl_txn_destroy(txn);
	}
}

/* The server goes while the answer is awaited: nobody knows. */
static void test_lost_answer(void **state)
{
	struct idl_txn *txn = idl_txn_create(idl);

	peer.silent = true;
	n_outcomes = 0;
	ovsrec_bridge_set_fail_mode(bridge(), NULL);
	assert_int_equal(idl_txn_commit(txn, done, NULL), TXN_INCOMPLETE);
	settle();
	assert_int_equal(n_outcomes, 0);
	jsonrpc_session_destroy(peer.session);
	peer.session = NULL;
	settle();
	assert_int_equal(n_outcomes, 1);
	assert_int_equal(outcome, TXN_TRY_AGAIN);
	idl_txn_destroy(txn);

	txn = idl_txn_create(idl);
	ovsrec_bridge_set_fail_mode(bridge(), NULL);
	n_outcomes = 0;
	assert_int_equal(idl_txn_commit(txn, done, NULL), TXN_TRY_AGAIN);
	assert_int_equal(n_outcomes, 1);
	idl_txn_destroy(txn);
}

/* A row that the transaction writes to is deleted under it. */
static void test_row_goes(void **state)
{
	struct idl_txn *txn = idl_txn_create(idl);
	int64_t tag = 8;

	ovsrec_port_set_tag(port_of(P1), &tag, 1);
	update("{'Port':{'" P1 "':{'delete':null}}}");
	idl_track_clear(idl);
	assert_int_equal(commit(txn), TXN_TRY_AGAIN);
	assert_null(peer.transaction);
	idl_txn_destroy(txn);
}

static void test_lock(void **state)
{
	struct idl_txn *txn;

	idl_set_lock(idl, "ovs");
	settle();
	assert_false(idl_has_lock(idl));
	assert_true(idl_is_lock_contended(idl));
	txn = idl_txn_create(idl);
	ovsrec_bridge_set_fail_mode(bridge(), NULL);
	assert_int_equal(commit(txn), TXN_NOT_LOCKED);
	idl_txn_destroy(txn);
	jsonrpc_send_notify(peer.session, "locked", json_pack("[s]", "ovs"));
	settle();
	assert_true(idl_has_lock(idl));
	txn = idl_txn_create(idl);
	ovsrec_bridge_set_fail_mode(bridge(), NULL);
	assert_int_equal(commit(txn), TXN_SUCCESS);
	idl_txn_destroy(txn);
	expect_sent("['Open_vSwitch',{'lock':'ovs','op':'assert'},"
		    "{'op':'update','row':{'fail_mode':['set',[]]},'table':'Bridge',"
		    "'where':[['_uuid','==',['uuid','" BR "']]]}]");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_typed_members, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_modify, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_references, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_short_life, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_reconnect_is_quiet, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_reconnect_tells_differences, setup_synced,
						teardown),
		cmocka_unit_test_setup_teardown(test_plain_monitor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_older_schema, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_updates, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_unchanged, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_update_op, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_mutations, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_insert, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_delete_and_drop, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_abort, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_outcomes, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_lost_answer, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_row_goes, setup_synced, teardown),
		cmocka_unit_test_setup_teardown(test_lock, setup_synced, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
