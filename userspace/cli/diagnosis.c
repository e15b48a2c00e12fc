// SPDX-License-Identifier: GPL-2.0-only
/*
 * A diagnosis, as lines or as JSON.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnosis.h"
#include "json.h"

static const char *const words[] = {
	[VERDICT_OK] = "ok",
	[VERDICT_ADVICE] = "advice",
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_PROBLEM] = "problem",
};

void found(struct diagnosis *diagnosis, enum verdict verdict, const char *format, ...)
{
	struct finding *finding;
	va_list arguments;

	diagnosis->findings = reallocarray(diagnosis->findings, diagnosis->count + 1,
					   sizeof(*diagnosis->findings));
	if (!diagnosis->findings)
		abort();
	finding = &diagnosis->findings[diagnosis->count++];
	*finding = (struct finding){ .check = diagnosis->check, .verdict = verdict };
	if (diagnosis->node)
		strcpy(finding->node, diagnosis->node->name);
	va_start(arguments, format);
	vsnprintf(finding->what, sizeof(finding->what), format, arguments);
	va_end(arguments);
}

void remedy(struct diagnosis *diagnosis, const char *format, ...)
{
	struct finding *finding = &diagnosis->findings[diagnosis->count - 1];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->remedy, sizeof(finding->remedy), format, arguments);
	va_end(arguments);
}

void mended_by(struct diagnosis *diagnosis, const char *format, ...)
{
	struct finding *finding = &diagnosis->findings[diagnosis->count - 1];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->command, sizeof(finding->command), format, arguments);
	va_end(arguments);
}

void mended_by_boot(struct diagnosis *diagnosis, const char *old_word, const char *word)
{
	char edit[128];

	if (!*old_word) {
		remedy(diagnosis, "tell the kernel %s:", word);
		snprintf(edit, sizeof(edit), "s/^GRUB_CMDLINE_LINUX=\"/&%s /", word);
	} else if (*word) {
		remedy(diagnosis, "tell the kernel %s instead of %s:", word, old_word);
		snprintf(edit, sizeof(edit), "s/\\b%s\\b/%s/", old_word, word);
	} else {
		remedy(diagnosis, "do not tell the kernel %s:", old_word);
		snprintf(edit, sizeof(edit), "s/\\b%s\\b *//", old_word);
	}
	mended_by(diagnosis, "sudo sed -i '/^GRUB_CMDLINE_LINUX/%s' /etc/default/grub && "
		  "sudo update-grub && sudo reboot", edit);
}

bool diagnosis_usable(const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->count; i++)
		if (diagnosis->findings[i].verdict == VERDICT_PROBLEM)
			return false;
	return true;
}

void diagnosis_print(const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->count; i++) {
		const struct finding *finding = &diagnosis->findings[i];

		printf("%-11s%-9s%s%s%s\n", finding->check, words[finding->verdict],
		       finding->node, *finding->node ? ": " : "", finding->what);
		if (*finding->remedy)
			printf("%20s%s\n", "", finding->remedy);
		if (*finding->command)
			printf("%20s%s\n", "", finding->command);
	}
	puts(diagnosis_usable(diagnosis) ? "\ndmabay can be used here." :
	     "\ndmabay cannot be used here: see what is a problem.");
}

void diagnosis_print_json(const struct diagnosis *diagnosis)
{
	json_object *object = json_object_new_object();
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < diagnosis->count; i++) {
		const struct finding *finding = &diagnosis->findings[i];
		json_object *member = json_object_new_object();

		json_add_string(member, "check", finding->check);
		if (*finding->node)
			json_add_string(member, "node", finding->node);
		json_add_string(member, "verdict", words[finding->verdict]);
		json_add_string(member, "what", finding->what);
		if (*finding->remedy)
			json_add_string(member, "remedy", finding->remedy);
		if (*finding->command)
			json_add_string(member, "command", finding->command);
		json_object_array_add(list, member);
	}
	json_add_flag(object, "usable", diagnosis_usable(diagnosis));
	json_object_object_add(object, "findings", list);
	json_print(object);
}

void diagnosis_free(struct diagnosis *diagnosis)
{
	free(diagnosis->findings);
}
