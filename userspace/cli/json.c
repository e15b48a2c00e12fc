// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON output, by json-c.
 */
#include <stdio.h>

#include "json.h"

void json_add_string(json_object *object, const char *key, const char *string)
{
	json_object_object_add(object, key, json_object_new_string(string));
}

void json_add_number(json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

void json_add_signed(json_object *object, const char *key, int64_t number)
{
	json_object_object_add(object, key, json_object_new_int64(number));
}

void json_add_flag(json_object *object, const char *key, bool flag)
{
	json_object_object_add(object, key, json_object_new_boolean(flag));
}

void json_add_fraction(json_object *object, const char *key, double number)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", number);
	json_object_object_add(object, key, json_object_new_double_s(number, text));
}

void json_print(json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
						    JSON_C_TO_STRING_SPACED |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}
