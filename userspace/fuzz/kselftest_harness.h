/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In the place of the kernel's: the fuzzer shares what the tests are made of, but is no test.
 */
