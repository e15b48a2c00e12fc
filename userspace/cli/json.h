/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON output: members of an object in one call each, and the end of it.
 */
#ifndef DMABAY_CLI_JSON_H
#define DMABAY_CLI_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

void json_add_string(json_object *object, const char *key, const char *string);
void json_add_number(json_object *object, const char *key, uint64_t number);
void json_add_signed(json_object *object, const char *key, int64_t number);
void json_add_flag(json_object *object, const char *key, bool flag);

/* With three digits after the point. */
void json_add_fraction(json_object *object, const char *key, double number);

/* Prints and frees it. */
void json_print(json_object *object);

#endif /* DMABAY_CLI_JSON_H */
