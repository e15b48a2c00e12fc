/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The channel that dmabay_peers has for the kernel's own test of dmaengine.
 */
#ifndef _DMABAY_PEERS_CHANNEL_H
#define _DMABAY_PEERS_CHANNEL_H

#include <linux/errno.h>

#if IS_ENABLED(CONFIG_DMA_ENGINE)
int peers_channel_init(void);
void peers_channel_exit(void);
#else
static inline int peers_channel_init(void)
{
	return 0;
}

static inline void peers_channel_exit(void)
{
}
#endif

#endif /* _DMABAY_PEERS_CHANNEL_H */
