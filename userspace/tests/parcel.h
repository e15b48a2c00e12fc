/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A parcel: an open file on its way to another process, and the numbers of what it owns.
 */
#ifndef DMABAY_TESTS_PARCEL_H
#define DMABAY_TESTS_PARCEL_H

#include <sys/socket.h>

#include "common.h"

struct parcel {
	uint32_t buffer;
	uint32_t reservation;
};

static inline int send_file(int socket_fd, int fd, const struct parcel *parcel)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { (void *)(uintptr_t)parcel, sizeof(*parcel) };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket_fd, &message, 0) == sizeof(*parcel) ? 0 : -errno;
}

static inline int receive_file(int socket_fd, struct parcel *parcel)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec data = { parcel, sizeof(*parcel) };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	int fd;

	if (recvmsg(socket_fd, &message, 0) != sizeof(*parcel))
		return -EBADMSG;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

/* The library opens no file that is open already: this one takes the place of another. */
static inline int receive_bay(int socket_fd, const char *path, struct dmabay **bay,
			      struct parcel *parcel)
{
	int fd = receive_file(socket_fd, parcel), result;

	if (fd < 0)
		return fd;
	result = dmabay_open(bay, path, O_RDONLY);
	if (!result && dup3(fd, dmabay_fd(*bay), O_CLOEXEC) < 0)
		result = -errno;
	close(fd);
	return result;
}

#endif /* DMABAY_TESTS_PARCEL_H */
