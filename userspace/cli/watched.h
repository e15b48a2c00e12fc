/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions that do nothing, for who watches a machine's processor from outside
 * (userspace/vm/profile.c): that somebody is going to measure, and the same again where samples
 * begin and end that count; and where what is timed begins and ends. A read of the clock is the
 * first instruction in between, and the last one.
 */
#ifndef DMABAY_CLI_WATCHED_H
#define DMABAY_CLI_WATCHED_H

/* Which of them it is, is in a number that nobody looks at. */
#if defined(__x86_64__)
#define WATCHED(number)	__asm__ volatile("nopl 0xdba000" #number "(%%rax)" : : : "memory")
#elif defined(__aarch64__)
#define WATCHED(number)	__asm__ volatile("movz xzr, #0xdb0" #number : : : "memory")
#else
#define WATCHED(number)	do { } while (0)
#endif

#define WATCHED_SOON()	WATCHED(1)
#define WATCHED_BEGIN()	WATCHED(2)
#define WATCHED_END()	WATCHED(3)

#endif /* DMABAY_CLI_WATCHED_H */
