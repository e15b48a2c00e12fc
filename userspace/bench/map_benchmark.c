// SPDX-License-Identifier: GPL-2.0-only
/*
 * map-benchmark: asks the kernel's own benchmark (CONFIG_DMA_MAP_BENCHMARK) what it costs to
 * map and unmap memory with the function that its driver is bound to, and prints JSON.
 *
 * One thread of the kernel's maps and unmaps the same pages for a while; we print the means,
 * in ticks of the test bed's clock: instructions, 100 in each of its units. It cuts every
 * sample to whole units, so what it tells is half of one too little, and what it calls one
 * reading of the clock is in.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#define CONTROL "/sys/kernel/debug/dma_map_benchmark"
#define TICKS_PER_UNIT 100

/* Milliseconds; in the test bed each is a million instructions. */
#define DURATION 100

/* As in the kernel's <linux/map_benchmark.h>, which few machines have. */
struct map_benchmark {
	uint64_t avg_map_100ns;
	uint64_t map_stddev;
	uint64_t avg_unmap_100ns;
	uint64_t unmap_stddev;
	uint32_t threads;
	uint32_t seconds;
	int32_t node;
	uint32_t dma_bits;
	uint32_t dma_dir;
	uint32_t dma_trans_ns;
	uint32_t granule;
	uint8_t map_mode;
	uint8_t expansion[75];
};

#define DMA_MAP_BENCHMARK	_IOWR('d', 1, struct map_benchmark)
#define DMA_MAP_TO_DEVICE	1

/* What "granule" pages are: one range, or as many entries of a list. */
static const char *const modes[] = { "single", "sg" };
static const uint32_t granules[] = { 1, 16 };

static void nothing(int number)
{
	(void)number;
}

/* It would sleep for whole seconds; a signal wakes it, and it is content with that. */
static void set_alarm(void)
{
	const struct itimerval when = { .it_value.tv_usec = DURATION * 1000 };
	struct sigaction action = { .sa_handler = nothing };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &when, NULL);
}

static int measure(int fd, uint8_t mode, uint32_t granule, const char *separator)
{
	struct map_benchmark map = {
		.threads = 1,
		.seconds = 60,
		.node = -1,
		.dma_bits = 64,
		.dma_dir = DMA_MAP_TO_DEVICE,
		.granule = granule,
		.map_mode = mode,
	};

	set_alarm();
	if (ioctl(fd, DMA_MAP_BENCHMARK, &map))
		return -errno;
	printf("%s\n  { \"mode\": \"%s\", \"granule\": %" PRIu32 ", \"map_ticks\": %" PRIu64
	       ", \"map_stddev\": %" PRIu64 ", \"unmap_ticks\": %" PRIu64
	       ", \"unmap_stddev\": %" PRIu64 " }", separator, modes[mode], granule,
	       map.avg_map_100ns * TICKS_PER_UNIT, map.map_stddev * TICKS_PER_UNIT,
	       map.avg_unmap_100ns * TICKS_PER_UNIT, map.unmap_stddev * TICKS_PER_UNIT);
	return 0;
}

int main(void)
{
	int fd = open(CONTROL, O_RDWR | O_CLOEXEC);
	const char *separator = "";
	int result = fd < 0 ? -errno : 0;

	printf("{ \"results\": [");
	for (uint8_t mode = 0; mode < 2; mode++) {
		for (int i = 0; i < 2 && !result; i++) {
			result = measure(fd, mode, granules[i], separator);
			separator = ",";
		}
	}
	printf("\n] }\n");
	if (result)
		fprintf(stderr, "map-benchmark: " CONTROL ": %s\n", strerror(-result));
	return !!result;
}
