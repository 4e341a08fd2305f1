// SPDX-License-Identifier: Apache-2.0
/* The control socket: each client is a JSON-RPC session that is paused while one of its requests
 * waits for its answer, so that answers come in the order of the requests.
 *
 * A request (struct unixctl_conn) may outlive its client, and is then answered into the void. */
#include "rpc/unixctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <urcu/list.h>

#include "base/counter.h"
#include "base/dirs.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "rpc/jsonrpc.h"
#include "rpc/unixctl_impl.h"

LOG_MODULE(unixctl);
COUNTER(unixctl_received);
COUNTER(unixctl_replied);

#define MAX_REQUEST (64u << 20) /* octets: a file of flows may be an argument */

struct unixctl_server {
	struct loop *loop;
	struct listener *listener; /* NULL: no socket */
	struct cds_list_head clients;
};

struct client {
	struct cds_list_head node; /* of server->clients */
	struct jsonrpc_session *session;
	struct unixctl_conn *request; /* being served, or NULL */
	bool json; /* --format=json */
};

struct unixctl_conn {
	struct client *client; /* NULL: gone */
	const char *command; /* of the registry */
	json_t *id;
	bool json;
	bool answered; /* while the command's function still runs */
	bool running;
};

/* ---- registry --------------------------------------------------------- */

static struct unixctl_command **commands; /* sorted by name */
static size_t n_commands, commands_size;

static int compare_commands(const void *a_, const void *b_)
{
	const struct unixctl_command *const *a = a_, *const *b = b_;

	return strcmp((*a)->name, (*b)->name);
}

static struct unixctl_command *command_lookup(const char *name)
{
	struct unixctl_command key = { .name = name }, *keyp = &key, **found;

	found = n_commands ? bsearch(&keyp, commands, n_commands, sizeof(struct unixctl_command *),
				     compare_commands)
			   : NULL;
	return found ? *found : NULL;
}

static void list_commands(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct str s = STR_INIT;
	json_t *json;

	if (unixctl_wants_json(conn)) {
		json = json_object();
		for (size_t i = 0; i < n_commands; i++)
			json_object_set_new(json, commands[i]->name,
					    json_string(commands[i]->usage));
		unixctl_reply_json(conn, json);
		return;
	}
	str_put(&s, "The available commands are:\n");
	for (size_t i = 0; i < n_commands; i++)
		str_printf(&s, "  %-23s %s\n", commands[i]->name, commands[i]->usage);
	unixctl_reply(conn, str_cstr(&s));
	str_uninit(&s);
}

/* "--format json", "--format=json" or the same with text. */
static void set_options(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	const char *format = NULL;
	char *why;

	for (int i = 1; i < argc; i++) {
		if (str_has_prefix(argv[i], "--format=")) {
			format = argv[i] + strlen("--format=");
		} else if (streq(argv[i], "--format") && i + 1 < argc) {
			format = argv[++i];
		} else {
			why = xasprintf("unknown option \"%s\"", argv[i]);
			unixctl_reply_error(conn, why);
			free(why);
			return;
		}
	}
	if (!format || (!streq(format, "json") && !streq(format, "text"))) {
		unixctl_reply_error(conn, "give --format json or --format text");
		return;
	}
	if (conn->client)
		conn->client->json = streq(format, "json");
	conn->json = false; /* the answer to this is text */
	unixctl_reply(conn, NULL);
}

static void insert_command(const char *name, const char *usage, int min_args, int max_args,
			   unixctl_fn *fn, void *aux)
{
	struct unixctl_command *c = command_lookup(name);

	if (c) {
		free((char *)c->name);
		free((char *)c->usage);
	} else {
		c = xmalloc(sizeof(*c));
		if (n_commands == commands_size)
			commands = x2nrealloc(commands, &commands_size,
					      sizeof(struct unixctl_command *));
		commands[n_commands++] = c;
	}
	*c = (struct unixctl_command){
		xstrdup(name), xstrdup(usage ? usage : ""), min_args, max_args, fn, aux
	};
	qsort(commands, n_commands, sizeof(struct unixctl_command *), compare_commands);
}

void unixctl_command_register(const char *name, const char *usage, int min_args, int max_args,
			      unixctl_fn *fn, void *aux)
{
	if (!n_commands) {
		insert_command("list-commands", "", 0, 0, list_commands, NULL);
		insert_command("set-options", "[--format text|json]", 1, 2, set_options, NULL);
	}
	insert_command(name, usage, min_args, max_args, fn, aux);
}

/* ---- answers ---------------------------------------------------------- */

static void request_destroy(struct unixctl_conn *conn)
{
	json_decref(conn->id);
	free(conn);
}

/* Takes over the references; one of them is NULL. */
static void answer(struct unixctl_conn *conn, json_t *result, json_t *error)
{
	struct client *client = conn->client;

	assert(!conn->answered);
	conn->answered = true;
	COUNTER_INC(unixctl_replied);
	log_dbg("%s: answering %s", conn->command, error ? "with an error" : "with success");
	if (client) {
		if (error)
			jsonrpc_send_error(client->session, error, json_incref(conn->id));
		else
			jsonrpc_send_reply(client->session, result, json_incref(conn->id));
		client->request = NULL;
		conn->client = NULL;
		jsonrpc_session_pause(client->session, false);
	} else {
		json_decref(result);
		json_decref(error);
	}
	if (!conn->running)
		request_destroy(conn);
}

/* A string of 'text', ended with a newline if it is not empty.  Octets that are no UTF-8, from a
 * name of a file perhaps, become question marks. */
static json_t *text_to_json(const char *text)
{
	struct str s = STR_INIT;
	json_t *json;

	if (text)
		str_put(&s, text);
	if (s.len && s.data[s.len - 1] != '\n')
		str_putc(&s, '\n');
	json = json_string(str_cstr(&s));
	for (size_t i = 0; !json && i < s.len; i++) {
		if (s.data[i] & 0x80)
			s.data[i] = '?';
	}
	if (!json)
		json = json_string(str_cstr(&s));
	str_uninit(&s);
	return json;
}

void unixctl_reply(struct unixctl_conn *conn, const char *text)
{
	answer(conn, text_to_json(text), NULL);
}

void unixctl_reply_error(struct unixctl_conn *conn, const char *text)
{
	answer(conn, NULL, text_to_json(text));
}

void unixctl_reply_json(struct unixctl_conn *conn, json_t *json)
{
	assert(conn->json);
	answer(conn, json, NULL);
}

bool unixctl_wants_json(const struct unixctl_conn *conn)
{
	return conn->json;
}

/* ---- requests --------------------------------------------------------- */

/* NULL, or what is wrong with the call. */
static char *check_call(const struct unixctl_command *c, const char *method, const json_t *params)
{
	int n = (int)json_array_size(params);
	const json_t *param;
	size_t i;

	if (!c)
		return xasprintf("\"%s\" is not a valid command (use \"list-commands\" to see a "
				 "list of valid commands)",
				 method);
	if (n < c->min_args)
		return xasprintf("\"%s\" command requires at least %d arguments", method,
				 c->min_args);
	if (c->max_args >= 0 && n > c->max_args)
		return xasprintf("\"%s\" command takes at most %d arguments", method, c->max_args);
	json_array_foreach(params, i, param) {
		if (!json_is_string(param))
			return xasprintf("\"%s\" command has non-string argument", method);
	}
	return NULL;
}

static void call(const struct unixctl_command *c, struct unixctl_conn *conn, const json_t *params)
{
	size_t n = json_array_size(params);
	const char **argv = xcalloc(n + 2, sizeof(*argv));

	argv[0] = c->name;
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = json_string_value(json_array_get(params, i));
	conn->running = true;
	c->fn(conn, (int)n + 1, argv, c->aux);
	conn->running = false;
	if (conn->answered)
		request_destroy(conn);
	free(argv);
}

static void received(struct jsonrpc_session *session, struct jsonrpc_msg *msg, void *client_)
{
	struct client *client = client_;
	struct unixctl_command *c;
	struct unixctl_conn *conn;
	char *why;

	if (msg->type != JSONRPC_REQUEST) {
		log_dbg("%s: ignoring a message that is not a request",
			jsonrpc_session_name(session));
		return;
	}
	COUNTER_INC(unixctl_received);
	conn = xzalloc(sizeof(*conn));
	conn->client = client;
	conn->json = client->json;
	conn->id = msg->id;
	msg->id = NULL;
	client->request = conn;
	jsonrpc_session_pause(session, true);

	c = command_lookup(msg->method);
	conn->command = c ? c->name : "unknown command";
	why = check_call(c, msg->method, msg->params);
	if (why)
		unixctl_reply_error(conn, why);
	else
		call(c, conn, msg->params);
	free(why);
}

/* ---- clients and server ----------------------------------------------- */

static void client_destroy(struct client *client)
{
	if (client->request)
		client->request->client = NULL;
	cds_list_del(&client->node);
	jsonrpc_session_destroy(client->session);
	free(client);
}

static void disconnected(struct jsonrpc_session *session, const char *why, void *client)
{
	client_destroy(client);
}

static void accepted(struct stream *stream, void *server_)
{
	static const struct jsonrpc_session_ops ops = {
		.disconnected = disconnected,
		.received = received,
	};
	struct unixctl_server *server = server_;
	struct client *client = xzalloc(sizeof(*client));

	client->session = jsonrpc_session_accept(server->loop, stream, &ops, client);
	jsonrpc_session_set_max_message(client->session, MAX_REQUEST);
	cds_list_add_tail(&client->node, &server->clients);
}

char *unixctl_server_create(struct loop *loop, const char *path, struct unixctl_server **serverp)
{
	struct unixctl_server *server = xzalloc(sizeof(*server));
	char *file, *target, *why = NULL;

	server->loop = loop;
	CDS_INIT_LIST_HEAD(&server->clients);
	if (!path || !streq(path, "none")) {
		file = path ? xstrdup(path)
			    : xasprintf("%s/%s.%ld.ctl", dir_run(), program_name, (long)getpid());
		target = xasprintf("punix:%s", file);
		why = listener_open(loop, target, 0, 0, accepted, server, &server->listener);
		free(target);
		free(file);
	}
	if (why) {
		free(server);
		return why;
	}
	*serverp = server;
	return NULL;
}

void unixctl_server_destroy(struct unixctl_server *server)
{
	if (!server)
		return;
	listener_close(server->listener);
	while (!cds_list_empty(&server->clients))
		client_destroy(cds_list_first_entry(&server->clients, struct client, node));
	free(server);
}
