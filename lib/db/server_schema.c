// SPDX-License-Identifier: Apache-2.0
/* clang-format off: one line of the schema a line; "cksum" is cksum(1) of the others */
#include "db/server_schema.h"

const char server_schema_text[] =
	"{\"name\": \"_Server\",\n"
	" \"version\": \"1.2.0\",\n"
	" \"cksum\": \"1893934373 515\",\n"
	" \"tables\": {\n"
	"  \"Database\": {\n"
	"   \"columns\": {\n"
	"    \"name\": {\"type\": \"string\"},\n"
	"    \"model\": {\"type\": {\n"
	"     \"key\": {\"type\": \"string\",\n"
	"      \"enum\": [\"set\", [\"standalone\", \"clustered\", \"relay\"]]}}},\n"
	"    \"connected\": {\"type\": \"boolean\"},\n"
	"    \"leader\": {\"type\": \"boolean\"},\n"
	"    \"schema\": {\"type\": {\"key\": \"string\", \"min\": 0}},\n"
	"    \"cid\": {\"type\": {\"key\": \"uuid\", \"min\": 0}},\n"
	"    \"sid\": {\"type\": {\"key\": \"uuid\", \"min\": 0}},\n"
	"    \"index\": {\"type\": {\"key\": \"integer\", \"min\": 0}}}}}}\n";
