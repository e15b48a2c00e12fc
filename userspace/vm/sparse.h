/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernels newer than Debian 12's sparse (0.6.4) use and it does not know.
 * Read before every file, by sparse alone.
 */
#define __typeof_unqual__ __typeof__
#define __builtin_strlen(string) (sizeof(string) - 1)
