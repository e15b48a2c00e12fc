/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Macros of the kernel, and of its harness for selftests, that make a statement, as cppcheck
 * can read them: it is not shown their headers. Read by it alone, before every file.
 */
#define list_for_each(pos, head)			for (pos = any(); pos; pos = any())
#define list_for_each_entry(pos, head, member)		for (pos = any(); pos; pos = any())
#define list_for_each_entry_from(pos, head, member)	for (; pos; pos = any())
#define list_for_each_entry_safe(pos, n, head, member)	\
	for (pos = any(), n = any(); pos; pos = n, n = any())
#define hlist_for_each_entry(pos, head, member)		for (pos = any(); pos; pos = any())
#define hlist_for_each_entry_rcu(pos, head, ...)	for (pos = any(); pos; pos = any())
#define xa_for_each(xa, index, entry)			\
	for (index = any(), entry = any(); entry; entry = any())
#define for_each_set_bit(bit, map, size)		for (bit = any(); bit < (size); bit = any())
#define for_each_possible_cpu(cpu)			for (cpu = any(); cpu < any(); cpu++)
#define for_each_sg(list, sg, count, i)			\
	for (i = 0, sg = any(); i < (count); i++, sg = any())
#define for_each_sgtable_sg(table, sg, i)		for_each_sg(0, sg, any(), i)
#define for_each_sgtable_dma_sg(table, sg, i)		for_each_sg(0, sg, any(), i)
#define dma_resv_for_each_fence_unlocked(cursor, fence)	for (fence = any(); fence; fence = any())
#define kunit_suite_for_each_test_case(suite, test)	for (test = any(); test; test = any())
#define kunit_warning_suppress(test)			if (any())
/* What was looked at is not NULL; the test ends where it should be something else. */
#define KUNIT_ASSERT_NOT_NULL(test, pointer)		do { if (!(pointer)) exit(1); } while (0)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pointer)	KUNIT_ASSERT_NOT_NULL(test, pointer)
#define DMABAY_TRACE_NAME(reservation, transfer)
#define DMABAY_TRACE_NAME_FIELDS

/* What is in trace*.h is a language of its own. */
#define _DMABAY_TRACE_H
#define _DMABAY_TRACE_USER_H

#define FIXTURE(name)				struct name
#define FIXTURE_VARIANT(name)			struct name##_variant
#define FIXTURE_VARIANT_ADD(name, which)	const struct name##_variant name##_##which =
#define FIXTURE_SETUP(name)			\
	void name##_setup(struct name *self, const struct name##_variant *variant)
#define FIXTURE_TEARDOWN(name)			\
	void name##_teardown(struct name *self, const struct name##_variant *variant)
#define TEST(name)				void test_##name(void)
#define TEST_F(fixture, name)			\
	void fixture##_##name(struct fixture *self, const struct fixture##_variant *variant)
#define TEST_F_TIMEOUT(fixture, name, seconds)	TEST_F(fixture, name)
#define TEST_HARNESS_MAIN
#define EXPECT_EQ(a, b)		if ((a) != (b))
#define EXPECT_NE(a, b)		if ((a) == (b))
#define EXPECT_LT(a, b)		if ((a) >= (b))
#define EXPECT_LE(a, b)		if ((a) > (b))
#define EXPECT_GT(a, b)		if ((a) <= (b))
#define EXPECT_GE(a, b)		if ((a) < (b))
#define EXPECT_TRUE(a)		if (!(a))
#define EXPECT_FALSE(a)		if (a)
#define EXPECT_STREQ(a, b)	if (strcmp(a, b))
#define EXPECT_STRNE(a, b)	if (!strcmp(a, b))
#define ASSERT_EQ(a, b)		for (; (a) != (b); exit(1))
#define ASSERT_NE(a, b)		for (; (a) == (b); exit(1))
#define ASSERT_LT(a, b)		for (; (a) >= (b); exit(1))
#define ASSERT_LE(a, b)		for (; (a) > (b); exit(1))
#define ASSERT_GT(a, b)		for (; (a) <= (b); exit(1))
#define ASSERT_GE(a, b)		for (; (a) < (b); exit(1))
#define ASSERT_TRUE(a)		for (; !(a); exit(1))
#define ASSERT_FALSE(a)		for (; a; exit(1))
