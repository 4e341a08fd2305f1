// SPDX-License-Identifier: Apache-2.0
/* The expected texts were printed by Debian's ovs-vsctl and ovsdb-client for the same rows. */
#include "db/table.h"

#include "tests/unit/db/unit.h"

static const char *const columns[][2] = {
	{ "name", "'string'" },
	{ "tag", "{'key':'integer','min':0}" },
	{ "trunks", "{'key':'integer','min':0,'max':4096}" },
	{ "external_ids", "{'key':'string','value':'string','min':0,'max':'unlimited'}" },
	{ "protected", "'boolean'" },
};
static const char *const rows[][ARRAY_SIZE(columns)] = {
	{ "'br0'", "['set',[]]", "['set',[]]", "['map',[]]", "false" },
	{ "'p1'", "5", "['set',[1,2]]",
	  "['map',[['a b','c,d\\\"<x>\\n&\xc3\xa9'],['q','w'],['t','true']]]", "true" },
};

static struct table *port_table(const char *caption, size_t n_rows)
{
	struct table *t = table_create(caption);

	for (size_t x = 0; x < ARRAY_SIZE(columns); x++)
		table_add_column(t, columns[x][0]);
	for (size_t y = 0; y < n_rows; y++) {
		table_add_row(t);
		for (size_t x = 0; x < ARRAY_SIZE(columns); x++) {
			struct column_type type = type_of(columns[x][1]);
			struct datum d = datum_of(rows[y][x], &type);

			table_add_datum(t, &d, &type);
			datum_uninit(&d, &type);
			column_type_uninit(&type);
		}
	}
	return t;
}

static void expect(struct table *t, struct table_style style, const char *expected)
{
	struct str s = STR_INIT, one = STR_INIT;

	/* not the first table of the process any more, and with others of its own kind */
	table_format(t, &style, &s);
	str_clear(&s);
	table_format(t, &style, &s);
	if (style.format != TABLE_HTML && style.format != TABLE_JSON)
		str_putc(&one, '\n');
	str_put(&one, expected);
	assert_string_equal(str_cstr(&s), str_cstr(&one));
	str_uninit(&s);
	str_uninit(&one);
	table_destroy(t);
}

static const struct {
	struct table_style style;
	const char *text;
} ports[] = {
	{ { TABLE_TABLE, CELL_STRING, .headings = true },
	  "name tag trunks external_ids                           protected\n"
	  "---- --- ------ -------------------------------------- ---------\n"
	  "br0  []  []     {}                                     false\n"
	  "p1   5   [1, 2] {\"a b\"=\"c,d\\\"<x>\\n&\xc3\xa9\", q=w, t=\"true\"} true\n" },
	{ { TABLE_TABLE, CELL_BARE },
	  "br0                                  false\n"
	  "p1  5 1 2 a b=c,d\"<x>\n&\xc3\xa9 q=w t=true true\n" },
	{ { TABLE_TABLE, CELL_JSON, .headings = true },
	  "name  tag        trunks        external_ids                                             "
	  "protected\n"
	  "----- ---------- ------------- -------------------------------------------------------- "
	  "---------\n"
	  "\"br0\" [\"set\",[]] [\"set\",[]]    [\"map\",[]]                                      "
	  "         false\n"
	  "\"p1\"  5          [\"set\",[1,2]] [\"map\",[[\"a "
	  "b\",\"c,d\\\"<x>\\n&\xc3\xa9\"],[\"q\",\"w\"],[\"t\",\"true\"]]] true\n" },
	{ { TABLE_TABLE, CELL_STRING, .headings = true, .max_column_width = 5 },
	  "name tag trunks external_ids protected\n"
	  "---- --- ------ ------------ ---------\n"
	  "br0  []  []     {}           false\n"
	  "p1   5   [1, 2] {\"a b\"=\"c,d\\ true\n" },
	{ { TABLE_LIST, CELL_STRING, .headings = true },
	  "name                : br0\n"
	  "tag                 : []\n"
	  "trunks              : []\n"
	  "external_ids        : {}\n"
	  "protected           : false\n"
	  "\n"
	  "name                : p1\n"
	  "tag                 : 5\n"
	  "trunks              : [1, 2]\n"
	  "external_ids        : {\"a b\"=\"c,d\\\"<x>\\n&\xc3\xa9\", q=w, t=\"true\"}\n"
	  "protected           : true\n" },
	{ { TABLE_LIST, CELL_BARE },
	  "br0\n\n\n\nfalse\n\np1\n5\n1 2\na b=c,d\"<x>\n&\xc3\xa9 q=w t=true\ntrue\n" },
	{ { TABLE_CSV, CELL_STRING, .headings = true },
	  "name,tag,trunks,external_ids,protected\n"
	  "br0,[],[],{},false\n"
	  "p1,5,\"[1, 2]\",\"{\"\"a b\"\"=\"\"c,d\\\"\"<x>\\n&\xc3\xa9\"\", q=w, "
	  "t=\"\"true\"\"}\",true\n" },
	{ { TABLE_CSV, CELL_BARE },
	  "br0,,,,false\np1,5,1 2,\"a b=c,d\"\"<x>\n&\xc3\xa9 q=w t=true\",true\n" },
	{ { TABLE_HTML, CELL_STRING },
	  "<table border=1>\n"
	  "  <tr>\n"
	  "    <td>br0</td>\n"
	  "    <td>[]</td>\n"
	  "    <td>[]</td>\n"
	  "    <td>{}</td>\n"
	  "    <td>false</td>\n"
	  "  </tr>\n"
	  "  <tr>\n"
	  "    <td>p1</td>\n"
	  "    <td>5</td>\n"
	  "    <td>[1, 2]</td>\n"
	  "    <td>{&quot;a b&quot;=&quot;c,d\\&quot;&lt;x&gt;\\n&amp;\xc3\xa9&quot;, q=w, "
	  "t=&quot;true&quot;}</td>\n"
	  "    <td>true</td>\n"
	  "  </tr>\n"
	  "</table>\n" },
	{ { TABLE_JSON, CELL_BARE },
	  "{\"data\":[[\"br0\",[\"set\",[]],[\"set\",[]],[\"map\",[]],false],[\"p1\",5,[\"set\",[1,"
	  "2]],[\"map\",[[\"a "
	  "b\",\"c,d\\\"<x>\\n&\xc3\xa9\"],[\"q\",\"w\"],[\"t\",\"true\"]]],true]],"
	  "\"headings\":[\"name\",\"tag\",\"trunks\",\"external_ids\",\"protected\"]}\n" },
};

static void test_formats(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		expect(port_table(NULL, 2), ports[i].style, ports[i].text);
}

static void test_empty(void **state)
{
	static const struct {
		struct table_style style;
		const char *text;
	} cases[] = {
		{ { TABLE_TABLE, .headings = true },
		  "Port table\nname tag trunks external_ids protected\n---- --- ------ "
		  "------------ "
		  "---------\n" },
		{ { TABLE_TABLE }, "Port table\n" },
		{ { TABLE_LIST, .headings = true }, "Port table\n" },
		{ { TABLE_CSV, .headings = true },
		  "Port table\nname,tag,trunks,external_ids,protected\n" },
		{ { TABLE_HTML },
		  "<table border=1>\n    <caption>Port table</caption>\n</table>\n" },
		{ { TABLE_JSON },
		  "{\"caption\":\"Port "
		  "table\",\"data\":[],\"headings\":[\"name\",\"tag\",\"trunks\","
		  "\"external_ids\",\"protected\"]}\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect(port_table("Port table", 0), cases[i].style, cases[i].text);
}

static void test_links(void **state)
{
	static const char uuid[] = "8f05d627-999d-418a-9e04-1406e4f2ada3";
	struct table *t = table_create("<&\">");
	char *text;

	table_add_column(t, "_uuid");
	table_add_column(t, "x");
	table_add_row(t);
	table_add_text(t, uuid);
	text = xasprintf("[a%s%s, %.35s]", uuid, uuid, uuid);
	table_add_text(t, text);
	free(text);
	table_add_row(t);
	table_add_text(t, "<1");
	expect(t, (struct table_style){ .format = TABLE_HTML, .headings = true },
	       "<table border=1>\n"
	       "    <caption>&lt;&amp;&quot;&gt;</caption>\n"
	       "  <tr>\n"
	       "    <th>_uuid</th>\n"
	       "    <th>x</th>\n"
	       "  </tr>\n"
	       "  <tr>\n"
	       "    <td><a name=\"8f05d627-999d-418a-9e04-1406e4f2ada3\">8f05d627</a></td>\n"
	       "    <td>[a<a href=\"#8f05d627-999d-418a-9e04-1406e4f2ada3\">8f05d627</a>"
	       "<a href=\"#8f05d627-999d-418a-9e04-1406e4f2ada3\">8f05d627</a>, "
	       "8f05d627-999d-418a-9e04-1406e4f2ada]</td>\n"
	       "  </tr>\n"
	       "  <tr>\n"
	       "    <td><a name=\"&lt;1\">&lt;1</a></td>\n"
	       "    <td></td>\n"
	       "  </tr>\n"
	       "</table>\n");
}

static void test_pretty(void **state)
{
	struct table *t = table_create(NULL);

	table_add_column(t, "a\"");
	table_add_column(t, "b");
	table_add_column(t, "c");
	table_add_row(t);
	table_add_json(t, json_of("['set',[]]"));
	table_add_json(t, json_of("{'z':1,'a':{},'m':[1.5]}"));
	expect(t, (struct table_style){ .format = TABLE_JSON, .pretty = true },
	       "{\n"
	       "  \"data\": [\n"
	       "    [\n"
	       "      [\n"
	       "        \"set\",\n"
	       "        []],\n"
	       "      {\n"
	       "        \"a\": {},\n"
	       "        \"m\": [\n"
	       "          1.5],\n"
	       "        \"z\": 1},\n"
	       "      null]],\n"
	       "  \"headings\": [\n"
	       "    \"a\\\"\",\n"
	       "    \"b\",\n"
	       "    \"c\"]}\n");
}

static void test_text_and_json(void **state)
{
	struct table *t = table_create(NULL);

	table_add_column(t, "Column");
	table_add_column(t, "Type");
	table_add_row(t);
	table_add_text(t, "_uuid");
	table_add_json(t, json_of("'uuid'"));
	table_add_row(t);
	table_add_text(t, "\xff"); /* not UTF-8: null in JSON, as it is in text */
	expect(t, (struct table_style){ .format = TABLE_CSV, .headings = true },
	       "Column,Type\n_uuid,\"\"\"uuid\"\"\"\n\xff,\n");
}

static void test_width_cuts_no_character(void **state)
{
	struct table *t = table_create(NULL);

	table_add_column(t, "x");
	table_add_column(t, "y");
	table_add_row(t);
	table_add_text(t, "ab\xe6\x97\xa5"); /* three octets */
	table_add_text(t, "long");
	expect(t,
	       (struct table_style){
		       .format = TABLE_TABLE, .headings = true, .max_column_width = 4 },
	       "x  y\n-- ----\nab long\n");
}

static void test_timestamp(void **state)
{
	static const struct table_style style = { .format = TABLE_CSV };
	struct table *t = table_create("caption");
	struct str s = STR_INIT;
	unsigned int v[7];

	table_set_timestamp(t, true);
	table_add_column(t, "x");
	table_format(t, &style, &s);
	assert_int_equal(sscanf(str_cstr(&s), "\n%u-%u-%u %u:%u:%u.%3u\ncaption", &v[0], &v[1],
				&v[2], &v[3], &v[4], &v[5], &v[6]),
			 7);
	assert_true(v[0] >= 2020 && v[1] <= 12 && v[2] <= 31 && v[3] < 24 && v[4] < 60 &&
		    v[5] <= 60);
	assert_true(str_has_suffix(str_cstr(&s), "\ncaption\n"));
	str_uninit(&s);
	table_destroy(t);
	table_destroy(NULL);
}

static const struct option_row *option(const char *name)
{
	for (size_t i = 0; i < table_option_group.n_rows; i++)
		if (streq(table_option_group.rows[i].name, name))
			return &table_option_group.rows[i];
	fail_msg("%s", name);
	return NULL;
}

static void test_options(void **state)
{
	const struct option_row *format = option("format"), *data = option("data");
	const struct option_row *width = option("max-column-width");

	expect_text(format->set(format, "xx"), "unknown output format 'xx'", "format");
	expect_text(data->set(data, "xx"), "unknown data format 'xx'", "data");
	expect_text(width->set(width, "-1"), "--max-column-width: '-1' is not a valid width",
		    "width");
	assert_int_equal(table_style.format, TABLE_TABLE);
	assert_true(table_style.headings);
	assert_false(table_style.cells_set);
	assert_null(format->set(format, "csv"));
	assert_int_equal(table_style.format, TABLE_CSV);
	assert_null(data->set(data, "json"));
	assert_int_equal(table_style.cells, CELL_JSON);
	assert_null(width->set(width, "7"));
	assert_int_equal(table_style.max_column_width, 7);
	assert_null(option("pretty")->set(option("pretty"), NULL));
	assert_true(table_style.pretty);
	assert_null(option("bare")->set(option("bare"), NULL));
	assert_int_equal(table_style.format, TABLE_LIST);
	assert_int_equal(table_style.cells, CELL_BARE);
	assert_false(table_style.headings);
	assert_null(option("no-headings")->set(option("no-headings"), NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_pretty),
		cmocka_unit_test(test_text_and_json),
		cmocka_unit_test(test_width_cuts_no_character),
		cmocka_unit_test(test_timestamp),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
